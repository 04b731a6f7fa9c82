using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using Npgsql;
using static Billing.Ledger.Tests.Given;
using static Billing.Ledger.Tests.LedgerDatabase;

namespace Billing.Ledger.Tests;

/// <summary>Ratings as they are stored, on real tables.</summary>
public class PostingTests
{
    private LedgerDatabase _ledger = null!;

    [SetUp]
    public async Task Create() => _ledger = await WithSubscription();

    [TearDown]
    public async Task Drop()
    {
        await _ledger.ShouldAddUp();
        await _ledger.DisposeAsync();
    }

    [Test]
    public async Task a_batch_of_thousands_is_one_transaction_with_one_slip()
    {
        await _ledger.Post([.. Enumerable.Range(0, 3_000).Select(n => $"use {n}")]);

        (await _ledger.Count("events.mt_events")).ShouldBe(3_000);
        (await _ledger.Count("period_slips where entries = 3000 and sum = 3000")).ShouldBe(1);
        (await _ledger.Count("period_guards where status = 0")).ShouldBe(1);
        (await _ledger.Events()).ShouldAllBe(
            stored => stored.Stream == "tenant-1/usage/sub-1/USD/2026-03-01T00:00:00Z");
    }

    [Test]
    public async Task the_same_batch_again_changes_nothing()
    {
        await _ledger.Post("a", "b", "c");
        await _ledger.Post("b", "d", "c");
        await _ledger.Post("a", "b", "c", "d");

        (await _ledger.Events()).Select(stored => stored.Id).ShouldBe([Id("a"), Id("b"), Id("c"), Id("d")]);
    }

    [Test]
    public async Task the_same_id_with_other_content_goes_to_a_person()
    {
        await _ledger.Post("a");
        await _ledger.Take(
            new TakeRatings(), Fact("a", Use("a", "2")), Fact("b", Use("b", "3")));

        (await _ledger.Events<ChargePosted>()).Select(charge => charge.Amount)
            .ShouldBe([Usd100("1"), Usd100("3")]);
        (await _ledger.Events<ChargeRefused>()).ShouldHaveSingleItem().Refusal.ShouldBe(Refusal.KeyReused);
        (await _ledger.Count("suspense where refusal = 'key-reused' and resolution is null")).ShouldBe(1);
    }

    [Test]
    public async Task a_close_adds_up_the_slips_and_late_usage_goes_to_the_next_period()
    {
        await _ledger.Post("a", "b");
        await _ledger.Take(
            new TakeRatings(), Fact("c", Use("c", "0.5")), Fact("close", Answer(1)), Fact("d", Use("d", "7")));
        await _ledger.Post("e");

        var closed = (await _ledger.Events<PeriodClosed>()).ShouldHaveSingleItem();
        (closed.Entries, closed.Sum, closed.First, closed.Last).ShouldBe((3L, Usd100("2.5"), Id("a"), Id("c")));
        (await _ledger.Events<ChargePosted>()).Select(charge => (charge.Booking.Period, charge.Served()))
            .ShouldBe([(March, March), (March, March), (March, March), (April, March), (April, March)]);
        (await _ledger.Count(
            "period_guards where status = 1 and close_number = 1 and closed_sum = 2.5")).ShouldBe(1);
    }

    [Test]
    public async Task a_close_that_is_answered_again_is_the_same_close()
    {
        await _ledger.Take(new TakeRatings(), Fact("a", Use("a", "1")), Fact("close", Answer(1)));
        await _ledger.Take(new TakeRatings(), Fact("close", Answer(1)));

        (await _ledger.Events<PeriodClosed>()).Count.ShouldBe(1);
    }

    [Test]
    public async Task a_rating_waits_for_its_subscription()
    {
        var other = SubscriptionId.Of("sub-2");
        await _ledger.Take(new TakeRatings(), Fact("a", Use("a", "1", sub: other)));
        (await _ledger.Count("waiting_facts where kind = 'ledger-subscription'")).ShouldBe(1);
        await _ledger.Sweep(new RetryRatings());
        (await _ledger.Count("waiting_facts where kind = 'ledger-subscription'")).ShouldBe(1);

        await _ledger.Take(new TakeCatalog(), Fact("sub-2", Set(other, Tenant)));
        await _ledger.Sweep(new RetryRatings());

        (await _ledger.Count("waiting_facts")).ShouldBe(0);
        (await _ledger.Events<ChargePosted>()).ShouldHaveSingleItem().Booking.Subscription.ShouldBe(other);
    }

    [Test]
    public async Task a_cancel_waits_for_its_charge_and_is_taken_with_it()
    {
        await _ledger.Take(new TakeRatings(), Fact("cancel", Cancel("cancel", "a", "-1")));
        (await _ledger.Count("waiting_facts where kind = 'ledger-charge'")).ShouldBe(1);
        await _ledger.Post("b", "a");

        (await _ledger.Count("waiting_facts")).ShouldBe(0);
        (await _ledger.Events()).Select(stored => stored.Id).ShouldBe([Id("b"), Id("a"), Id("cancel")]);
        (await _ledger.Events<ChargeTakenBack>()).ShouldHaveSingleItem().Amount.ShouldBe(Usd100("-1"));
    }

    [Test]
    public async Task a_cancel_of_a_charge_of_an_earlier_batch_is_on_the_charges_stream()
    {
        await _ledger.Post("a");
        await _ledger.Take(new TakeRatings(), Fact("cancel", Cancel("cancel", "a", "-1")));
        await _ledger.Take(new TakeRatings(), Fact("cancel", Cancel("cancel", "a", "-1")));

        (await _ledger.Events())[^1].Stream.ShouldBe($"tenant-1/charge/{Id("a")}");
        (await _ledger.Count("events.mt_events")).ShouldBe(2);
    }

    [Test]
    public async Task what_cannot_be_posted_goes_to_a_person_and_is_an_event()
    {
        await _ledger.Take(
            new TakeRatings(), Fact("a", Use("a", "1", tenant: OtherTenant)), Fact("b", Use("b", "1")));

        (await _ledger.Events<ChargeRefused>()).ShouldHaveSingleItem()
            .Refusal.ShouldBe(Refusal.TenantOfSubscription);
        (await _ledger.Count("suspense where tenant_id = 'tenant-2'")).ShouldBe(1);
        (await _ledger.Events<ChargePosted>()).Count.ShouldBe(1);
    }

    [Test]
    public async Task nothing_is_booked_into_a_period_that_takes_no_entries()
    {
        await _ledger.Take(new TakeRatings(), Fact("a", Use("a", "1")), Fact("close", Answer(1)));
        await using var connection = await _ledger.Test.Open(_ledger.Test.Writer);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(PeriodGuards.Add(
            [new(InMarch.KeyOf(Tenant, Usd), 1, Usd100("1"), Id("x"), Id("x"))]));

        (await Should.ThrowAsync<PostgresException>(() => batch.ExecuteNonQueryAsync()))
            .SqlState.ShouldBe("ZL010");
    }

    [Test]
    public async Task closes_race_with_postings_and_every_entry_is_in_the_sum_or_in_the_next_period()
    {
        var months = Enumerable.Range(0, Billing.Testbed.TestSize.Full ? 200 : 20).Select(n =>
            Contracts.Values.Periods.Numbered(n, PeriodAnchor.CalendarMonth, _ => TimeSpan.Zero)).ToList();
        await Task.WhenAll(Close(), Use("x"), Use("y"), Use("z"));

        var events = await _ledger.Events();
        var closes = events.Select(stored => stored.Event).OfType<PeriodClosed>().ToList();
        closes.Count.ShouldBe(months.Count);
        foreach (var close in closes)
        {
            var entries = events.Select(stored => Slip.Of(stored.Id, stored.Event)).OfType<Slip>()
                .Where(slip => slip.Period == close.Booking.KeyOf(Tenant, Usd)).ToList();
            close.Entries.ShouldBe(entries.Count);
            close.Sum.ShouldBe(Amount.Sum(entries.Select(slip => slip.Sum), Usd));
        }

        async Task Close()
        {
            foreach (var (month, place) in months.Select((month, place) => (month, place)))
                await _ledger.Take(new TakeRatings(), Fact($"close {place}", Answer(1, month)));
        }

        // Three writers of the same lane never meet in earnest; here they do.
        async Task Use(string who)
        {
            foreach (var (month, place) in months.Select((month, place) => (month, place)))
                await _ledger.Take(
                    new TakeRatings(),
                    [.. Enumerable.Range(0, 5).Select(n => Fact(
                        $"{who} {place} {n}", LedgerDatabase.Use($"{who} {place} {n}", "0.25", month)))]);
        }
    }

}
