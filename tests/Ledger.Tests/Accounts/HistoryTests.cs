using System.Numerics;
using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using FsCheck.NUnit;

namespace Billing.Ledger.Tests;

/// <summary>What must hold in every history, after every event.</summary>
[Properties(Arbitrary = [typeof(Histories)], MaxTest = 150, EndSize = 120)]
public class HistoryTests
{
    [Property]
    public void every_event_sums_to_zero_in_its_currency(Move[] moves)
    {
        foreach (var append in Run(moves).Books.Log)
        {
            var postings = Postings.Of(append.Event);
            postings.Select(posting => posting.Amount.Currency).Distinct().Count().ShouldBeLessThanOrEqualTo(1);
            Sum(postings).ShouldBe(BigInteger.Zero, append.ToString());
            postings.ShouldAllBe(posting => !posting.Amount.IsZero);
        }
    }

    [Property]
    public void accounts_hold_what_the_events_mean(Move[] moves)
    {
        var books = Run(moves).Books;
        var kinds = books.Log.Select(append => (append.Event.Tenant, CurrencyOf(append.Event))).Distinct();
        foreach (var (tenant, currency) in kinds)
        {
            var events = books.Log.Select(append => append.Event)
                .Where(happened => happened.Tenant == tenant && CurrencyOf(happened) == currency).ToList();
            var balances = events.SelectMany(Postings.Of).ToLookup(posting => posting.Account);
            var oracle = new Oracle(events);

            Sum(balances[Account.AccountsReceivable]).ShouldBe(oracle.Receivable);
            Sum(balances[Account.UnbilledReceivable]).ShouldBe(oracle.Unbilled);
            Sum(balances[Account.CashClearing]).ShouldBe(oracle.Cash);
            Sum(balances[Account.DisputedPayments]).ShouldBe(oracle.Disputed);
            Sum(balances[Account.CustomerCredit]).ShouldBe(oracle.CustomerCredit);
            Sum(balances[Account.TaxPayable]).ShouldBe(oracle.Tax);
            Sum(balances[Account.BadDebt]).ShouldBe(oracle.BadDebt);
            (Sum(balances[Account.UsageRevenue]) + Sum(balances[Account.FeeRevenue])
                + Sum(balances[Account.CommitmentRevenue])).ShouldBe(oracle.Revenue);
        }
    }

    [Property]
    public void receivable_is_what_its_invoices_say(Move[] moves)
    {
        var books = Run(moves).Books;
        foreach (var issued in books.All<InvoiceIssued>().GroupBy(issued => (issued.Tenant, issued.Total.Currency)))
        {
            var balances = issued.Aggregate(BigInteger.Zero, (sum, invoice) =>
                sum + Oracle.Of(books.Invoice(invoice.Tenant, invoice.Invoice)!.Balance));
            Sum(books.Log.Where(append => append.Event.Tenant == issued.Key.Tenant)
                .SelectMany(append => Postings.Of(append.Event))
                .Where(posting => posting.Account == Account.AccountsReceivable
                    && posting.Amount.Currency == issued.Key.Currency)).ShouldBe(balances);
        }
    }

    [Property]
    public void nothing_is_unbilled_of_an_issued_period(Move[] moves)
    {
        var books = Run(moves).Books;
        foreach (var key in books.Periods.Where(key => books.Guard(key).Status == PeriodStatus.Issued))
            books.Log.Where(append => PeriodOf(append) == key).Aggregate(BigInteger.Zero, (sum, append) =>
                sum + Sum(Postings.Of(append.Event).Where(posting => posting.Account == Account.UnbilledReceivable)))
                .ShouldBe(BigInteger.Zero);
    }

    [Property]
    public void an_entry_is_in_the_sum_of_a_close_or_came_behind_it(Move[] moves)
    {
        var log = Run(moves).Books.Log;
        for (var place = 0; place < log.Count; place++)
        {
            if (log[place].Event is not PeriodClosed closed) continue;

            var key = closed.Booking.KeyOf(closed.Tenant, closed.Sum.Currency);
            var before = log.Take(place).Where(append => Slip.Of(append.Id, append.Event)?.Period == key).ToList();
            closed.Entries.ShouldBe(before.Count);
            ((BigInteger)closed.Sum.Trillionths).ShouldBe(before.Aggregate(
                BigInteger.Zero, (sum, append) => sum + Slip.Of(append.Id, append.Event)!.Value.Sum.Trillionths));
            closed.First.ShouldBe(before.FirstOrDefault()?.Id);
            closed.Last.ShouldBe(before.LastOrDefault()?.Id);
        }
    }

    [Property]
    public void no_charge_and_no_line_ever_gives_more_than_it_has(Move[] moves)
    {
        var history = new History();
        foreach (var move in moves)
        {
            history.Do(move);
            ShouldHold(history.Books, move);
        }
    }

    [Test]
    public void histories_do_everything()
    {
        var books = new Books();
        var done = new HashSet<Type>();
        for (var seed = 0; done.Count < EventNames.All.Count - 2 && seed < 200; seed++)
        {
            var random = new Random(seed);
            var history = new History();
            for (var step = 0; step < 150; step++)
                history.Do(new(
                    (Doing)random.Next((int)Doing.Wait + 1), random.Next(1_000_000), random.Next(1_000_000)));
            done.UnionWith(history.Books.Log.Select(append => append.Event.GetType()));
        }

        // A refusal is recorded only where the fact came without anybody who waits for the answer.
        done.Union([typeof(ChargeRefused), typeof(AskRefused)]).ShouldBe(EventNames.All.Values, ignoreOrder: true);
    }

    private static void ShouldHold(Books books, Move move)
    {
        foreach (var append in books.Log.Where(append => append.Event is ChargePosted))
        {
            var charge = books.Charge(new(append.Id))!;
            var voids = charge.Corrections.Values.Count(one => one is { Event: ChargeVoided, IsReversed: false });
            voids.ShouldBe(charge.IsVoided ? 1 : 0, move.ToString());
            var isOfPeople = charge.Corrections.Values.All(one => one.Event is not ChargeTakenBack);
            if (charge.Posted.Amount.Trillionths >= 0 && isOfPeople)
                charge.Left.Trillionths.ShouldBeGreaterThanOrEqualTo((Int128)0, move.ToString());
        }

        foreach (var issued in books.All<InvoiceIssued>())
        {
            var state = books.Invoice(issued.Tenant, issued.Invoice)!;
            state.CreditNotes.Values.Count(note => note.IsVoid).ShouldBeLessThanOrEqualTo(1);
            foreach (var line in state.Lines.Values) ShouldHold(line, state.IsVoid);
            state.Payments.All.Values.ShouldAllBe(payment => payment.Left.MinorUnits >= 0);
        }
    }

    private static void ShouldHold(Ledger.Invoices.LineState line, bool isVoid)
    {
        var net = line.Issued.Exact - line.Issued.Discount.ToAmount();
        var netRounded = line.Issued.Rounded - line.Issued.Discount;

        line.Corrected.Trillionths.ShouldBeLessThanOrEqualTo((Int128)0);
        if (net.Trillionths > 0)
        {
            (line.Credited - line.Corrected <= net).ShouldBeTrue();
            (line.CreditedRounded <= netRounded).ShouldBeTrue();
        }

        if (isVoid) line.Remaining.IsZero.ShouldBeTrue();
        if (line.Credited == net && !net.IsZero)
            (line.CreditedRounded, line.CreditedTax).ShouldBe((netRounded, line.Issued.Tax));
    }

    private static History Run(Move[] moves)
    {
        var history = new History();
        foreach (var move in moves) history.Do(move);
        return history;
    }

    private static BigInteger Sum(IEnumerable<Posting> postings) =>
        postings.Aggregate(BigInteger.Zero, (sum, posting) => sum + posting.Amount.Trillionths);

    private static PeriodKey? PeriodOf(Append append) => append.Event is InvoiceIssued issued
        ? issued.Booking.KeyOf(issued.Tenant, issued.Total.Currency)
        : Slip.Of(append.Id, append.Event)?.Period;

    private static Currency CurrencyOf(LedgerEvent happened) => happened switch
    {
        ChargePosted charge => charge.Amount.Currency,
        ChargeMoved moved => moved.Amount.Currency,
        InvoiceIssued issued => issued.Total.Currency,
        CreditNoteIssued note => note.Total.Currency,
        LineCorrected corrected => corrected.Amount.Currency,
        PeriodClosed closed => closed.Sum.Currency,
        PeriodReopened reopened => reopened.Currency,
        CreditGranted grant => grant.Money.Currency,
        CreditApplied applied => applied.Money.Currency,
        CreditExpired expired => expired.Money.Currency,
        PaymentReceived paid => paid.Money.Currency,
        PaymentFailed failed => failed.Money.Currency,
        PaymentDisputed dispute => dispute.Money.Currency,
        RefundIssued refund => refund.Money.Currency,
        WrittenOff lost => lost.Money.Currency,
        _ => throw new NotSupportedException(happened.GetType().Name),
    };
}
