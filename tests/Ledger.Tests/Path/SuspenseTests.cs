using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using static Billing.Ledger.Tests.Given;
using static Billing.Ledger.Tests.LedgerDatabase;

namespace Billing.Ledger.Tests;

/// <summary>What waits for a person, and what a person can do about it.</summary>
public class SuspenseTests
{
    private const string Route = "/api/v1/ledger/suspense";

    private LedgerService _service = null!;

    [SetUp]
    public async Task Start()
    {
        _service = await LedgerService.Start();
        await _service.Ledger.Take(
            new TakeRatings(), Fact("a", Use("a", "1", tenant: OtherTenant)),
            Fact("b", Use("b", "2", tenant: OtherTenant)), Fact("c", Use("c", "3")));
    }

    [TearDown]
    public async Task Stop()
    {
        await _service.Ledger.ShouldAddUp();
        await _service.DisposeAsync();
    }

    [Test]
    public async Task refused_facts_are_listed_with_the_reason()
    {
        var items = (await _service.Get($"{Route}?tenant=tenant-2&limit=1")).Json;
        items.GetProperty("items")[0].Text("refusal").ShouldBe("tenant-of-subscription");
        var next = (await _service.Get($"{Route}?tenant=tenant-2&limit=1&cursor={items.Text("nextCursor")}")).Json;
        next.GetProperty("items").GetArrayLength().ShouldBe(1);
        next.GetProperty("items")[0].Text("fact").ShouldNotBe(items.GetProperty("items")[0].Text("fact"));
        (await _service.Get(Route, role: "tenant")).Status.ShouldBe(403);
    }

    [Test]
    public async Task what_is_refused_again_stays_and_what_is_repaired_is_posted()
    {
        var (status, json) = await Do("a", "retry");
        (status, json.Text("refusal")).ShouldBe((200, "tenant-of-subscription"));
        (await _service.Ledger.Count("suspense where attempts = 2 and resolution is null")).ShouldBe(1);

        await _service.Ledger.Take(new TakeCatalog(), Fact("moved", Set(Sub, OtherTenant)));
        (status, json) = await Do("a", "retry");
        (status, json.Text("resolution")).ShouldBe((200, "posted"));
        (await _service.Ledger.Events<ChargePosted>()).Count(charge => charge.Tenant == OtherTenant).ShouldBe(1);
        (await Do("a", "retry")).Status.ShouldBe(404);
    }

    [Test]
    public async Task a_person_can_let_it_go()
    {
        (await Do("b", "dismiss")).Json.Text("resolution").ShouldBe("dismissed");
        (await _service.Post($"{Route}/{Id("a")}/dismiss", new { note = "" }, null)).Status.ShouldBe(400);
        (await _service.Post($"{Route}/{Id("a")}/dismiss", new { note = "x" }, null, "finance")).Status.ShouldBe(403);

        var resolved = (await _service.Get($"{Route}?resolved=true")).Json.GetProperty("items");
        resolved.GetArrayLength().ShouldBe(1);
        resolved[0].Text("note").ShouldBe("Looked at it");
    }

    [Test]
    public async Task a_cancel_of_an_event_in_a_merged_charge_that_a_person_corrected_is_for_a_person()
    {
        await _service.Ledger.Take(
            new TakeRatings(), Fact("merged", Merged("merged", "9")), Fact("first", Cancel("first", "merged", "-1")));
        var charge = Id("merged");
        var (status, credited) = await _service.Post(
            $"{CorrectionRequests.Route}/credit", new { tenant = "tenant-1", charge, amount = "2 USD", reason = "sorry" },
            "credit");
        (status, credited.Text("left")).ShouldBe((200, "6 USD"));
        await _service.Ledger.Take(
            new TakeRatings(), Fact("second", Cancel("second", "merged", "-3")),
            Fact("third", Cancel("third", "merged", "-4")));

        var items = (await _service.Get($"{Route}?tenant=tenant-1&refusal=corrected-by-person")).Json.GetProperty("items");
        items.EnumerateArray().Select(item => (item.GetProperty("fact").GetGuid(), item.Text("left"))).ShouldBe(
            [(Id("second"), "6 USD"), (Id("third"), "6 USD")], ignoreOrder: true);
        (await Do("second", "retry")).Json.Text("refusal").ShouldBe("corrected-by-person");

        // The person finds that the credit was for this one, and that the other is owed as well.
        (await _service.Post(
            $"{CorrectionRequests.Route}/reverse",
            new { tenant = "tenant-1", charge, correction = credited.Text("correction"), reason = "twice" }, "reverse"))
            .Status.ShouldBe(200);
        (await Do("second", "retry")).Json.Text("resolution").ShouldBe("posted");
        (await Do("third", "dismiss")).Json.Text("resolution").ShouldBe("dismissed");
        (await _service.Ledger.Events<ChargeTakenBack>()).Select(back => back.Amount)
            .ShouldBe([Usd100("-1"), Usd100("-3")]);
    }

    private static MergedRatedV1 Merged(string name, string amount) => new(
        Tenant, Meter, new(March.Start, March.Start.AddHours(1)), [new(Id($"{name} 1")), new(Id($"{name} 2"))], March,
        Quantity.From(9), Usd100(amount), new([]), Sub);

    private Task<(int Status, System.Text.Json.JsonElement Json)> Do(string fact, string what) =>
        _service.Post($"{Route}/{Id(fact)}/{what}", new { note = "Looked at it" }, null);
}
