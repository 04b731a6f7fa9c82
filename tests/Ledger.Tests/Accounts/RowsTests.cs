using System.Numerics;
using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using FsCheck.NUnit;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>Rows are a function of the events: in any batches, and as of any past moment.</summary>
[Properties(Arbitrary = [typeof(Histories)], MaxTest = 60, EndSize = 100)]
public class RowsTests
{
    [Property]
    public void balances_written_in_batches_are_the_sums_of_the_journal(Move[] moves, byte[] cuts)
    {
        var events = Run(moves).Events;
        var written = new Dictionary<BalanceKey, BalanceRow>();
        for (var (from, turn) = (0, 0); from < events.Count; turn++)
        {
            var size = cuts.Length == 0 ? events.Count : cuts[turn % cuts.Length] % 9 + 1;
            foreach (var change in Balances.Changes(events.Skip(from).Take(size).SelectMany(Journal.Of)))
                written[change.Key] = written.TryGetValue(change.Key, out var row) ? row.And(change) : change;
            from += size;
        }

        written.Values.ShouldBe(Balances.Changes(events.SelectMany(Journal.Of)), ignoreOrder: true);
    }

    [Property]
    public void the_trial_balance_balances_and_is_the_balances(Move[] moves)
    {
        var rows = Run(moves).Events.SelectMany(Journal.Of).ToList();
        foreach (var currency in new[] { Usd, Xof })
        {
            var trial = Balances.Trial(rows, currency);
            trial.ShouldAllBe(row => row.Debits.Trillionths >= 0 && row.Credits.Trillionths >= 0);
            Amount.Sum(trial.Select(row => row.Debits), currency)
                .ShouldBe(Amount.Sum(trial.Select(row => row.Credits), currency));
            foreach (var row in trial)
                row.Balance.ShouldBe(Amount.Sum(
                    Balances.Changes(rows).Where(one => one.Key.Account == row.Account && one.Key.Currency == currency)
                        .Select(one => one.Balance), currency));
        }
    }

    [Property]
    public void what_was_known_at_a_position_is_what_the_rows_said_then(Move[] moves, byte at)
    {
        var events = Run(moves).Events;
        var known = events.Take(events.Count * at / 256).ToList();
        var moment = new Moment(KnownAt: known.LastOrDefault()?.Position ?? 0);

        events.SelectMany(Journal.Of).Where(row => moment.Includes(row)).ShouldBe(known.SelectMany(Journal.Of));
        Statement.Of(events.SelectMany(Journal.Of), Tenant, Usd, March, knownAt: moment.KnownAt)
            .ShouldBeEquivalentTo(Statement.Of(known.SelectMany(Journal.Of), Tenant, Usd, March));
    }

    [Property]
    public void statements_of_spans_that_touch_follow_from_each_other(Move[] moves, int hours)
    {
        var rows = Run(moves).Events.SelectMany(Journal.Of).ToList();
        var middle = Now.AddHours((hours & 0xff) + 1);
        var (first, second) = (Span(Now.AddDays(-1), middle), Span(middle, Now.AddYears(1)));

        second.Opening.ShouldBe(first.Closing);
        (first.Opening + Amount.Sum(first.Movements.Select(row => row.Amount), Usd)).ShouldBe(first.Closing);
        ((BigInteger)second.Closing.Trillionths).ShouldBe(rows
            .Where(row => row.Tenant == Tenant && row.Amount.Currency == Usd
                && row.Account == Account.AccountsReceivable)
            .Aggregate(BigInteger.Zero, (sum, row) => sum + row.Amount.Trillionths));

        Statement Span(DateTimeOffset from, DateTimeOffset to) => Statement.Of(rows, Tenant, Usd, new(from, to));
    }

    [Property]
    public void charge_rows_say_what_the_streams_say(Move[] moves)
    {
        var (books, events) = Run(moves);
        var rows = new Dictionary<ChargeId, ChargeRow>();
        foreach (var happened in events)
            if (ChargeChange.Of(happened) is { } step)
                rows[step.Charge] = happened.Event is ChargePosted posted
                    ? ChargeRow.Of(happened.Position, step.Charge, posted)
                    : rows[step.Charge].Evolve(step);

        foreach (var row in rows.Values)
        {
            var state = books.Charge(row.Charge)!;
            (row.Left, row.Units, row.VoidedBy is not null, row.IsTakenBack)
                .ShouldBe((state.Left, state.Units, state.IsVoided, state.IsTakenBack));
            row.Left.ShouldBe(Amount.Sum(
                events.Select(ChargeChange.Of).OfType<ChargeChange>().Where(step => step.Charge == row.Charge)
                    .Select(step => step.Amount), row.Amount.Currency));
        }
    }

    [Property]
    public void open_items_are_the_balances_of_invoices(Move[] moves)
    {
        var (books, events) = Run(moves);
        var items = new Dictionary<InvoiceId, OpenItem>();
        foreach (var happened in events)
        {
            if (happened.Event is InvoiceIssued issued) items[issued.Invoice] = OpenItem.Of(happened.Position, issued);
            foreach (var row in Journal.Of(happened))
                if (row.Invoice is { } invoice) items[invoice] = items[invoice].Evolve(row);
        }

        foreach (var item in items.Values)
            item.Balance.ShouldBe(books.Invoice(item.Tenant, item.Invoice)!.Balance.ToAmount());
    }

    [Property]
    public void days_of_usage_add_up_to_the_charges_of_meters(Move[] moves)
    {
        var events = Run(moves).Events.Select(happened => happened.Event).ToList();
        var days = events.Select(UsageDay.Of).OfType<UsageDay>().GroupBy(day => day.Key)
            .Select(group => group.Aggregate((one, more) => one.And(more))).ToList();

        days.Sum(day => day.Charges).ShouldBe(events.OfType<ChargePosted>().Count(charge => charge.Meter is not null));
        days.Aggregate(BigInteger.Zero, (sum, day) => sum + day.Amount.Trillionths).ShouldBe(
            events.SelectMany(Postings.Of).Where(posting => posting.Account == Account.UsageRevenue)
                .Aggregate(BigInteger.Zero, (sum, posting) => sum - posting.Amount.Trillionths)
            + events.OfType<CreditNoteIssued>().SelectMany(note => note.Lines).Where(line => line.Meter is not null)
                .Aggregate(BigInteger.Zero, (sum, line) => sum + line.Exact.Trillionths));
    }

    [Test]
    public void a_moment_has_two_clocks()
    {
        new Moment().Includes(7, Now).ShouldBeTrue();
        new Moment(Now, 7).Includes(7, Now).ShouldBeTrue();
        new Moment(Now, 7).Includes(8, Now).ShouldBeFalse();
        new Moment(Now, 7).Includes(7, Now.AddMicroseconds(1)).ShouldBeFalse();
    }

    [Test]
    public void a_charge_is_pending_billed_voided_or_taken_back()
    {
        var row = ChargeRow.Of(1, Charge, Posted);

        row.StatusIn(isIssued: false).ShouldBe(ChargeStatus.Pending);
        row.StatusIn(isIssued: true).ShouldBe(ChargeStatus.Billed);
        (row with { VoidedBy = Id("a") }).StatusIn(isIssued: true).ShouldBe(ChargeStatus.Voided);
        (row with { IsTakenBack = true }).StatusIn(isIssued: false).ShouldBe(ChargeStatus.TakenBack);
    }

    // Positions have gaps, as sequences do.
    private static (Books Books, List<Positioned> Events) Run(Move[] moves)
    {
        var history = new History();
        foreach (var move in moves) history.Do(move);
        return (history.Books, [.. history.Books.Log.Select((append, place) =>
            new Positioned(place * 3 + 1, append.Id, append.Event))]);
    }
}
