using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

public class CauseTests
{
    private static readonly FactId Fact = new(Id("fact"));

    [Test]
    public void a_cause_is_a_fact_or_a_request()
    {
        Cause.Of(Fact).ToString().ShouldBe($"fact {Fact}");
        Cause.Of("key 1".Replace(' ', '-')).ToString().ShouldBe("request key-1");

        Text.Read<Cause>($"fact {Fact}").ShouldBe(Cause.Of(Fact));
        Text.Read<Cause>("request fact-1").ShouldBe(Cause.Of("fact-1"));
        JsonSerializer.Serialize(Cause.Of("a\"b"), ContractsJson.Options).ShouldBe("""
            "request a\"b"
            """);
    }

    [TestCase("")]
    [TestCase("fact ")]
    [TestCase("fact x")]
    [TestCase("request ")]
    [TestCase("request a b")]
    [TestCase("request é")]
    [TestCase("Request a")]
    [TestCase("a")]
    public void nothing_else_is_one(string text) => Text.TryRead<Cause>(text, out _).ShouldBeFalse();

    [Test]
    public void a_key_has_the_length_that_the_header_allows()
    {
        Text.Read<Cause>($"request {new string('a', 255)}").IdempotencyKey!.Length.ShouldBe(255);
        Should.Throw<FormatException>(() => Cause.Of(new string('a', 256)));
        Should.Throw<FormatException>(() => Cause.Of(""));
        Should.Throw<InvalidOperationException>(() => Text.Spell(default(Cause)));
    }

    // Pinned, because rows have these ids for ever.
    [Test]
    public void ids_of_events_never_change()
    {
        EventIds.Of(Tenant, "key-1").ShouldBe(DerivedId.From("ledger request", "tenant-1", "key-1"));
        EventIds.Of(Tenant, "key-1").ToString().ShouldBe("f893d522-898f-8ea0-b9b1-258ac8ac1c52");
        EventIds.Of(Tenant, "key-1", Charge).ToString().ShouldBe("5cfa8d58-7865-8210-ad85-bf2f11dd8c68");
        EventIds.Of(Fact, EventNames.PeriodClosed).ToString().ShouldBe("23e3dedb-cb75-8c4a-ac80-62c5a37972b1");
        EventIds.Once(EventNames.RefundIssued, "re_1").ToString().ShouldBe("f471806e-5c49-88c4-9d9d-8a4b3d71612d");
    }

    [Test]
    public void each_tenant_request_charge_and_fact_has_its_own() => new[]
    {
        EventIds.Of(Tenant, "key-1"), EventIds.Of(OtherTenant, "key-1"), EventIds.Of(Tenant, "key-2"),
        EventIds.Of(Tenant, "key-1", Charge), EventIds.Of(Tenant, "key-1", new(Id("another"))),
        EventIds.Of(Fact, EventNames.PeriodClosed), EventIds.Of(Fact, EventNames.PeriodReopened),
        EventIds.Of(new FactId(Id("another")), EventNames.PeriodClosed),
    }.ShouldBeUnique();
}
