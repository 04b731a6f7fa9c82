using Billing.Contracts.Usage;
using Billing.Ingestion.Usage;
using static Billing.Ingestion.Tests.Workbench;

namespace Billing.Ingestion.Tests.Usage;

/// <summary>A producer takes an event back, or replaces it; what it sent first is kept.</summary>
[Parallelizable(ParallelScope.Self)]
public class ChangesTests
{
    private Workbench _bench = null!;

    [OneTimeSetUp]
    public async Task Up() => _bench = await WithCatalog();

    [OneTimeTearDown]
    public async Task Down() => await _bench.DisposeAsync();

    [SetUp]
    public Task Begin() => _bench.Empty();

    [Test]
    public async Task a_cancel_takes_the_event_back()
    {
        await _bench.Accept(Event("e"));

        (await _bench.Accept(Event("c", cancels: "e")))[0].Kind.ShouldBe(VerdictKind.Accepted);

        (await _bench.Story()).ShouldBe(["use e/0", "cancel e/0 by c"]);
        (await _bench.State("e")).ShouldBe("3/0");
        (await _bench.Counts()).ShouldBe("2 0 0 0 0 0");
        (await _bench.Test.Ask<long>(_bench.Test.Owner, "select count(*) from usage_originals")).ShouldBe(2);
        (await _bench.Test.Ask<string>(_bench.Test.Owner,
            "select concat_ws(' ', original_id, id, is_cancel) from usage_changes")).ShouldBe("e c t");
    }

    [Test]
    public async Task an_amendment_is_a_cancel_and_the_next_revision_in_this_order()
    {
        await _bench.Accept(Event("e"));

        var first = await _bench.Accept(Event("a1", amends: "e", data: new { n = 2 }));
        var second = await _bench.Accept(Event("a2", amends: "e", data: new { n = 3 }));

        (first[0].Revision, second[0].Revision).ShouldBe((1, 2));
        (await _bench.Story()).ShouldBe(
            ["use e/0", "cancel e/0 by a1", "use e/1", "cancel e/1 by a2", "use e/2"]);
        var last = (UsageAcceptedV1)(await _bench.Told())[^1];
        last.Properties.Find("n").ShouldBe("3");
        (await _bench.Accept(Event("e")))[0].ShouldBe(new(VerdictKind.Duplicate, 2, UsageState.Accepted));
    }

    [Test]
    public async Task all_in_one_batch_and_in_any_order_comes_to_the_same()
    {
        string[] events =
            [Event("c", cancels: "e"), Event("e"), Event("a", amends: "f", data: new { n = 1 }), Event("f")];

        var verdicts = await _bench.Accept(events);

        verdicts.ShouldAllBe(verdict => verdict.Kind == VerdictKind.Accepted);
        (await _bench.Story()).ShouldBe(
            ["use e/0", "use f/0", "cancel e/0 by c", "cancel f/0 by a", "use f/1"]);
    }

    [Test]
    public async Task a_change_waits_for_its_original()
    {
        (await _bench.Accept(Event("c", cancels: "e")))[0].ShouldBe(Verdict.Waiting);
        (await _bench.Accept(Event("c", cancels: "e")))[0]
            .ShouldBe(new(VerdictKind.Duplicate, First: UsageState.Waiting));
        (await _bench.Accept(Event("a", amends: "e", data: new { n = 1 })))[0].ShouldBe(Verdict.Waiting);
        (await _bench.Story()).ShouldBeEmpty();
        (await _bench.Counts()).ShouldBe("0 1 0 0 0 2");

        await _bench.Accept(Event("e"));

        (await _bench.Story()).ShouldBe(["use e/0", "cancel e/0 by c"], "an amendment of what is canceled is refused");
        (await _bench.Counts()).ShouldBe("2 1 0 1 0 0");
        (await _bench.State("c")).ShouldBe("6/0");
        (await _bench.State("a")).ShouldBe("4/0");
        (await _bench.Test.Ask<string>(_bench.Test.Owner, "select code from usage_refusals"))
            .ShouldBe("already-canceled");
        (await _bench.Test.Ask<long>(_bench.Test.Owner, "select count(*) from waiting_facts")).ShouldBe(0);
    }

    [Test]
    public async Task an_original_that_is_refused_leaves_its_change_waiting()
    {
        await _bench.Accept(Event("c", cancels: "e"));
        (await _bench.Accept(Event("e", time: "2020-01-01T00:00:00Z")))[0].Reason.ShouldBe(Refusal.TooOld);
        (await _bench.State("c")).ShouldBe("5/0");

        await _bench.Accept(Event("e"));
        (await _bench.Story()).ShouldBe(["use e/0", "cancel e/0 by c"]);
    }

    [Test]
    public async Task what_cannot_be_changed_is_refused_with_the_reason()
    {
        await _bench.Accept(Event("e"), Event("gone"), Event("c", cancels: "gone"), Event("a", amends: "e"));

        (await _bench.Accept(
                Event("x1", cancels: "c"), Event("x2", amends: "a"), Event("x3", cancels: "gone"),
                Event("x4", amends: "gone"), Event("x5", cancels: "e", subject: "globex"),
                Event("x6", amends: "e", time: "2020-01-01T00:00:00Z")))
            .Select(verdict => verdict.Reason).ShouldBe(
            [
                Refusal.OriginalIsAChange, Refusal.OriginalIsAChange, Refusal.AlreadyCanceled,
                Refusal.AlreadyCanceled, Refusal.OtherTenant, Refusal.TooOld,
            ]);
        (await _bench.Story()).Count.ShouldBe(5);
        (await _bench.Counts()).ShouldBe("4 0 0 6 0 0");
    }

    [Test]
    public async Task a_refused_change_is_judged_again_when_it_comes_again()
    {
        await _bench.Accept(Event("x", cancels: "y"), Event("y", cancels: "z"));
        await _bench.Accept(Event("z"));
        (await _bench.State("x")).ShouldBe("4/0", "its original is a cancel itself");

        (await _bench.Accept(Event("x", cancels: "y")))[0].Reason.ShouldBe(Refusal.OriginalIsAChange);
        (await _bench.Accept(Event("x")))[0].ShouldBe(Verdict.Accepted, "the id is free");
        (await _bench.Story()).ShouldBe(["use z/0", "cancel z/0 by y", "use x/0"]);
    }

    [Test]
    public async Task a_change_of_another_tenants_event_is_refused_when_that_arrives()
    {
        await _bench.Accept(Event("c", cancels: "e", subject: "globex"));

        await _bench.Accept(Event("e"));

        (await _bench.Story()).ShouldBe(["use e/0"]);
        (await _bench.Test.Ask<string>(_bench.Test.Owner, "select code from usage_refusals"))
            .ShouldBe("other-tenant");
        (await _bench.State("e")).ShouldBe("1/0");
    }

    [Test]
    public async Task what_nobody_knew_yet_is_canceled_without_a_word_to_Pricing()
    {
        await _bench.Accept(Event("e", type: "later.1"));
        await _bench.Accept(Event("c", cancels: "e"));
        (await _bench.Counts()).ShouldBe("2 0 0 0 0 0");

        await _bench.Take(Meter("later_1", "later.1"));
        await _bench.Sweep();

        (await _bench.Story()).ShouldBeEmpty();
        (await _bench.Test.Ask<long>(_bench.Test.Owner, "select count(*) from waiting_facts")).ShouldBe(0);
    }

    [Test]
    public async Task amended_into_what_nobody_knows_yet_it_is_taken_back_at_once_and_used_later()
    {
        await _bench.Accept(Event("e"));
        await _bench.Accept(Event("a", amends: "e", type: "later.2"));
        (await _bench.Story()).ShouldBe(["use e/0", "cancel e/0 by a"]);
        (await _bench.State("e")).ShouldBe("2/1");
        (await _bench.Counts()).ShouldBe("1 0 0 0 1 0");

        await _bench.Take(Meter("later_2", "later.2"));
        (await _bench.Sweep()).ShouldBe(1);

        (await _bench.Story()).ShouldBe(["use e/0", "cancel e/0 by a", "use e/1"]);
        (await _bench.Counts()).ShouldBe("2 0 0 0 0 0");
    }

    [Test]
    public async Task an_amendment_overtakes_the_unmatched_one_before_it()
    {
        await _bench.Accept(Event("e", type: "later.3"));
        await _bench.Accept(Event("a", amends: "e"));
        (await _bench.Story()).ShouldBe(["use e/1"]);

        await _bench.Take(Meter("later_3", "later.3"));
        await _bench.Sweep();

        (await _bench.Story()).ShouldBe(["use e/1"]);
        (await _bench.Counts()).ShouldBe("2 0 0 0 0 0");
    }

    /// <summary>
    /// The cancel looks while the original is being inserted by another transaction, or the other way round;
    /// whoever comes second finds the first.
    /// </summary>
    [Test]
    public async Task a_change_and_its_original_at_the_same_moment_always_meet()
    {
        for (var round = 0; round < 25; round++)
        {
            var (original, cancel) = ($"e{round}", $"c{round}");
            await Task.WhenAll(
                Task.Run(() => _bench.Accept(Event(original))),
                Task.Run(() => _bench.Accept(Event(cancel, cancels: original))));
        }

        (await _bench.Story()).Count.ShouldBe(50);
        (await _bench.Counts()).ShouldBe("50 0 0 0 0 0");
        (await _bench.Test.Ask<long>(_bench.Test.Owner, "select count(*) from waiting_facts")).ShouldBe(0);
    }
}
