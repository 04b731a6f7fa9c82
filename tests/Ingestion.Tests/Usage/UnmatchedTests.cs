using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Ingestion.Usage;
using static Billing.Ingestion.Tests.Workbench;

namespace Billing.Ingestion.Tests.Usage;

/// <summary>What nobody knows yet is kept, and taken as soon as somebody does.</summary>
[Parallelizable(ParallelScope.Self)]
public class UnmatchedTests
{
    private Workbench _bench = null!;

    [OneTimeSetUp]
    public async Task Up() => _bench = await WithCatalog();

    [OneTimeTearDown]
    public async Task Down() => await _bench.DisposeAsync();

    [SetUp]
    public Task Begin() => _bench.Empty();

    [Test]
    public async Task it_is_accepted_when_tenant_and_meter_are_known()
    {
        var verdicts = await _bench.Accept(
            Event("t", subject: "newcomer"), Event("m", type: "new.type"), Event("b", subject: "newcomer", type: "new.type"));
        verdicts.Select(verdict => verdict.Reason).ShouldBe(
            [Refusal.UnknownTenant, Refusal.NoMeter, Refusal.UnknownTenant]);
        (await _bench.Counts()).ShouldBe("0 0 0 0 3 0");
        (await _bench.Sweep()).ShouldBe(0);

        await _bench.Take(Tenant("newcomer"));
        (await _bench.Sweep()).ShouldBe(1);
        (await _bench.Story()).ShouldBe(["use t/0"]);

        await _bench.Take(Meter("new_meter", "new.type"));
        (await _bench.Sweep()).ShouldBe(2);
        (await _bench.Story()).ShouldBe(["use t/0", "use m/0", "use b/0"], ignoreOrder: true);
        (await _bench.Counts()).ShouldBe("3 0 0 0 0 0");
        ((UsageAcceptedV1)(await _bench.Told())[0]).ReceivedAt.ShouldBe(Now);
    }

    [Test]
    public async Task it_is_refused_and_listed_when_the_meter_that_comes_does_not_take_it()
    {
        await _bench.Accept(Event("n", type: "sum.type", data: new { units = -1 }));
        (await _bench.Accept(Event("n", type: "sum.type", data: new { units = -1 })))[0]
            .ShouldBe(new(VerdictKind.Duplicate, First: UsageState.Unmatched));

        await _bench.Take(Meter("sums", "sum.type", "units", Aggregation.Sum));
        await _bench.Sweep();

        (await _bench.Counts()).ShouldBe("0 1 0 1 0 0");
        (await _bench.Test.Ask<string>(_bench.Test.Staff, "select code from usage_refusals")).ShouldBe("negative");
        (await _bench.Accept(Event("n", type: "sum.type", data: new { units = 1 })))[0].ShouldBe(Verdict.Accepted);
        (await _bench.Story()).ShouldBe(["use n/0"]);
    }

    [Test]
    public async Task news_that_this_instance_has_not_seen_wakes_it_all_the_same()
    {
        await _bench.TakeUnseen(Tenant("sudden"));

        (await _bench.Accept(Event("e", subject: "sudden")))[0].Kind.ShouldBe(VerdictKind.Unmatched);

        (await _bench.Sweep()).ShouldBe(1, "judged by an older version than there is");
        (await _bench.Story()).ShouldBe(["use e/0"]);
    }

    /// <summary>Tenants become known while events of theirs are judged; whatever the order, none stays.</summary>
    [Test]
    public async Task no_wake_up_is_lost_in_the_race_with_the_catalog()
    {
        const int Rounds = 30;
        var catalog = Task.Run(async () =>
        {
            for (var round = 0; round < Rounds; round++) await _bench.Take(Tenant($"racer-{round}"));
        });
        var sweep = Task.Run(async () =>
        {
            while (!catalog.IsCompleted) await _bench.Sweep();
        });
        for (var round = 0; round < Rounds; round++)
            await _bench.Accept([.. Enumerable.Range(0, 5).Select(
                number => Event($"{round}-{number}", subject: $"racer-{round}"))]);

        await Task.WhenAll(catalog, sweep);
        await _bench.Sweep();

        (await _bench.Counts()).ShouldBe("150 0 0 0 0 0");
        (await _bench.Story()).Distinct().Count().ShouldBe(150);
    }

    [Test]
    public async Task a_tenant_whose_fact_was_parked_wakes_its_events_when_it_is_taken_late()
    {
        await _bench.Take(Tenant("punctual"), Tenant("also"));
        await _bench.Accept(Event("e", subject: "late"));
        await _bench.TakeLate(number: 2, Tenant("late"));

        (await _bench.Sweep()).ShouldBe(1);
    }
}
