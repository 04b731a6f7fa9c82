using Billing.Contracts.Usage;
using Billing.Ingestion.Usage;
using static Billing.Ingestion.Tests.Workbench;

namespace Billing.Ingestion.Tests.Usage;

/// <summary>Events become keys, originals, counts and facts, once each, on a real database.</summary>
[Parallelizable(ParallelScope.Self)]
public class AcceptUsageTests
{
    private Workbench _bench = null!;

    [OneTimeSetUp]
    public async Task Up() => _bench = await WithCatalog();

    [OneTimeTearDown]
    public async Task Down() => await _bench.DisposeAsync();

    [SetUp]
    public Task Begin() => _bench.Empty();

    [Test]
    public async Task a_new_event_is_kept_and_told_once()
    {
        var sent = Event("e1", type: "llm.call", data: new { tokens = 1500.50m, model = "small" });

        var verdicts = await _bench.Accept(sent);

        verdicts.ShouldHaveSingleItem().ShouldBe(Verdict.Accepted);
        var told = (await _bench.Told()).ShouldHaveSingleItem().ShouldBeOfType<UsageAcceptedV1>();
        told.Tenant.ToString().ShouldBe("acme");
        told.Event.ShouldBe(new("gateway", "e1"));
        told.Measures.ShouldHaveSingleItem().ToString().ShouldBe(
            "MeasureV1 { Meter = tokens, Quantity = 1500.5, Distinct =  }");
        told.Properties.All.ShouldBe(new Dictionary<string, string> { ["model"] = "small", ["tokens"] = "1500.5" });
        told.CatalogNumber.ShouldBe(4);
        (await _bench.Test.Ask<byte[]>(_bench.Test.Staff, "select body from usage_originals"))
            .ShouldBe(System.Text.Encoding.UTF8.GetBytes(sent));
        (await _bench.Counts()).ShouldBe("1 0 0 0 0 0");
    }

    [Test]
    public async Task a_resend_is_a_duplicate_whatever_its_spelling()
    {
        await _bench.Accept(Event("e1", time: "2026-03-14T11:59:00Z", data: new { n = 1.50m }));

        var again = await _bench.Accept(
            Event("e1", time: "2026-03-14T12:59:00.000+01:00", data: new { n = 1.5m }, sequence: 7));

        again.ShouldHaveSingleItem().ShouldBe(new(VerdictKind.Duplicate, First: UsageState.Accepted));
        (await _bench.Story()).ShouldBe(["use e1/0"]);
        (await _bench.Counts()).ShouldBe("1 1 0 0 0 0");
    }

    [Test]
    public async Task other_content_under_the_same_name_is_a_conflict_and_listed()
    {
        await _bench.Accept(Event("e1"));

        var other = await _bench.Accept(Event("e1", data: new { n = 2 }));

        other.ShouldHaveSingleItem().Kind.ShouldBe(VerdictKind.Conflict);
        (await _bench.Story()).ShouldBe(["use e1/0"]);
        (await _bench.Test.Ask<string>(_bench.Test.Staff,
            "select concat_ws(' ', source, id, tenant_id, is_conflict, code) from usage_refusals"))
            .ShouldBe("gateway e1 acme t conflict");
        (await _bench.Counts()).ShouldBe("1 0 1 0 0 0");
    }

    [Test]
    public async Task the_same_id_of_another_source_is_another_event()
    {
        await _bench.Accept(Event("e1"));
        await _bench.Accept(Event("e1", source: "other"));

        (await _bench.Counts()).ShouldBe("2 0 0 0 0 0");
    }

    [Test]
    public async Task within_one_batch_the_first_counts()
    {
        var verdicts = await _bench.Accept(
            Event("a"), Event("b"), Event("a"), Event("a", data: new { n = 1 }), Event("c", subject: "nobody"),
            Event("c", subject: "nobody"), Event("old", time: "2020-01-01T00:00:00Z"), Event("old"), "{");

        verdicts.Select(verdict => verdict.Kind).ShouldBe(
        [
            VerdictKind.Accepted, VerdictKind.Accepted, VerdictKind.Duplicate, VerdictKind.Conflict,
            VerdictKind.Unmatched, VerdictKind.Duplicate, VerdictKind.Rejected, VerdictKind.Accepted,
            VerdictKind.Rejected,
        ]);
        (await _bench.Counts()).ShouldBe("3 2 1 2 1 0");
        (await _bench.Story()).ShouldBe(["use a/0", "use b/0", "use old/0"], ignoreOrder: true);
    }

    [Test]
    public async Task what_was_refused_is_judged_again_when_it_comes_again()
    {
        var early = Event("e1", time: "2026-03-16T12:00:00Z");
        (await _bench.Accept(early))[0].Reason.ShouldBe(Refusal.TooFarAhead);

        (await _bench.Accept(Now.AddDays(2), Arrival(early)))[0].ShouldBe(Verdict.Accepted);
        (await _bench.Counts()).ShouldBe("1 0 0 1 0 0");
    }

    [Test]
    public async Task what_was_taken_stays_a_duplicate_when_it_would_be_too_old_by_now()
    {
        await _bench.Accept(Event("e1"));

        (await _bench.Accept(Now.AddDays(500), Arrival(Event("e1"))))[0].Kind.ShouldBe(VerdictKind.Duplicate);
        (await _bench.Accept(Now.AddDays(500), Arrival(Event("e2"))))[0].Reason.ShouldBe(Refusal.TooOld);
    }

    [Test]
    public async Task unreadable_messages_of_Kafka_are_counted_listed_and_copied_once()
    {
        Arrival Broken(long offset) => new()
        {
            Original = "nonsense"u8.ToArray(),
            Via = UsageVia.Kafka,
            Refusal = Refusal.NotJson,
            Partition = 3,
            Offset = offset,
        };
        await _bench.Accept(Now, Broken(5), Broken(6));
        await _bench.Accept(Now, Broken(5));

        (await _bench.Counts()).ShouldBe("0 0 0 3 0 0");
        (await _bench.Test.Ask<long>(_bench.Test.Owner, "select count(*) from usage_refusals")).ShouldBe(3);
        (await _bench.Test.Ask<string>(_bench.Test.Owner,
            "select string_agg(concat_ws(' ', topic, partition, convert_from(body, 'utf8'), is_copied), ',') "
            + "from parked_facts")).ShouldBe("billing.usage.raw.v1 3 nonsense f");
    }

    [Test]
    public async Task sequences_show_gaps_only_where_there_are_some()
    {
        await _bench.Accept(Event("a", sequence: "1"), Event("b", sequence: 2), Event("d", sequence: "4"));
        await _bench.Accept(Event("e", sequence: "5"), Event("a", sequence: "1"));

        (await Arrived()).ShouldBe("{[1,3),[4,6)}");
        await _bench.Accept(Event("c", subject: "nobody", sequence: "3"));
        (await Arrived()).ShouldBe("{[1,6)}");
    }

    private Task<string> Arrived() =>
        _bench.Test.Ask<string>(_bench.Test.Staff, "select arrived::text from usage_sequences");
}
