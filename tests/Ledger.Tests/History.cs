using System.Globalization;
using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Payments;
using Billing.Ledger.Periods;
using FsCheck;
using FsCheck.Fluent;
using ContractLineKind = Billing.Contracts.Invoices.LineKind;

namespace Billing.Ledger.Tests;

/// <summary>One thing that somebody does, and numbers that say to what and how much.</summary>
public sealed record Move(Doing What, int Which, int HowMuch);

public enum Doing
{
    Post,
    Void,
    Credit,
    Adjust,
    AdjustUnits,
    Reverse,
    TakeBack,
    Close,
    Reopen,
    Issue,
    CreditNote,
    VoidInvoice,
    Pay,
    Fail,
    Refund,
    Dispute,
    Decide,
    WriteOff,
    Grant,
    Apply,
    Expire,
    Wait,
}

/// <summary>Histories in which anything may follow anything; most of it is possible, some is refused.</summary>
public static class Histories
{
    public static Gen<Move> Moves { get; } = Gen.Frequency(
        (8, Gen.Constant(Doing.Post)),
        (4, Gen.Elements(Doing.Credit, Doing.Adjust, Doing.Void, Doing.AdjustUnits, Doing.Reverse, Doing.TakeBack)),
        (5, Gen.Elements(Doing.Close, Doing.Issue, Doing.Issue, Doing.Reopen)),
        (5, Gen.Elements(Doing.CreditNote, Doing.VoidInvoice, Doing.Pay, Doing.Pay, Doing.WriteOff)),
        (3, Gen.Elements(Doing.Refund, Doing.Dispute, Doing.Decide, Doing.Fail)),
        (3, Gen.Elements(Doing.Grant, Doing.Apply, Doing.Expire, Doing.Wait)))
        .Zip(Gen.Choose(0, 1_000_000).Zip(Gen.Choose(0, 1_000_000)),
            (what, numbers) => new Move(what, numbers.Item1, numbers.Item2));

    public static Arbitrary<Move> ForMove() => Moves.ToArbitrary();
}

/// <summary>Does what a history says, through the decisions of the ledger.</summary>
internal sealed class History
{
    private static readonly Booking[] Owners = [Given.InMarch, new(Given.March)];
    private static readonly Currency[] Currencies = [Given.Usd, Given.Xof];
    private static readonly MeterId?[] Meters = [Given.Meter, MeterId.Of("tokens")];

    private int count;

    public Books Books { get; } = new();

    public Decision? Do(Move move)
    {
        count++;
        return Books.Do(move.What switch
        {
            Doing.Post => Post(move),
            Doing.Void or Doing.Credit or Doing.Adjust or Doing.AdjustUnits or Doing.Reverse or Doing.TakeBack =>
                Correct(move),
            Doing.Close or Doing.Reopen or Doing.Issue => Bill(move),
            Doing.CreditNote or Doing.VoidInvoice or Doing.WriteOff or Doing.Apply or Doing.Pay or Doing.Fail =>
                OnInvoice(move),
            Doing.Refund or Doing.Dispute or Doing.Decide => OnPayment(move),
            Doing.Grant or Doing.Expire => OnCredit(move),
            _ => Wait(move),
        });
    }

    // Of all signs, mostly above zero, mostly with parts of a cent.
    private static Amount AmountOf(Currency currency, int howMuch) => Amount.FromTrillionths(
        (howMuch % 10) switch
        {
            0 => 0,
            1 => -(Int128)howMuch * 100_003,
            2 => (Int128)howMuch * 5_000_000_000, // ends on ties
            _ => (Int128)howMuch * 7_000_003,
        } * 97, currency);

    private Func<Decision> Post(Move move)
    {
        // Most on the same lines, so that they have something to share.
        var currency = Currencies[move.Which % 4 / 3];
        var tenant = move.Which % 7 == 0 ? Given.OtherTenant : Given.Tenant;
        var kind = move.HowMuch % 12 < 6 ? ChargeKind.Use : (ChargeKind)(move.HowMuch % 6);
        var booking = BookingPeriod.Choose(
            tenant, currency, Owners[move.Which % 5 / 4], Books.Guard, Subscription.MonthAfter);
        var id = Given.Id($"charge {count}");
        var posted = new ChargePosted(
            tenant, booking, kind, AmountOf(currency, move.HowMuch), Given.FromPricing(Books.Now), Given.NoTrace,
            booking.Period == Given.March ? null : Given.March,
            kind is ChargeKind.Use or ChargeKind.Merged or ChargeKind.Change ? Meters[move.Which % 11 / 9] : null,
            Quantity.FromBillionths((Int128)(move.HowMuch % 100) * 1_500_000_000));
        var isPosted = false;
        return () =>
        {
            if (isPosted) return Decision.AlreadySo;

            isPosted = true;
            return Decision.Record(new Append(
                new StreamId.Usage(booking.KeyOf(tenant, currency)), id, posted));
        };
    }

    private Func<Decision> Correct(Move move)
    {
        var charges = Books.Log.Where(append => append.Event is ChargePosted).ToList();
        if (charges.Count == 0) return () => Decision.AlreadySo;

        var charge = new ChargeId(charges[move.Which % charges.Count].Id);
        var posted = (ChargePosted)charges[move.Which % charges.Count].Event;
        var (tenant, request, id) = (posted.Tenant, Request(), new CorrectionId(Given.Id($"correction {count}")));
        var (left, currency) = (Books.Correctable(charge)!.Left, posted.Amount.Currency);
        var mistakes = Books.Charge(charge)!.Corrections.Keys.Order().ToList();
        var part = move.HowMuch % 3 == 0 ? left : AmountOf(currency, move.HowMuch);

        return move.What switch
        {
            Doing.Void => () => VoidCharge.Decide(new(tenant, charge, id, request), Find(), Books.Now),
            Doing.Credit => () => CreditCharge.Decide(new(tenant, charge, id, part, request), Find(), Books.Now),
            Doing.Adjust => () => AdjustCharge.Decide(
                new(tenant, charge, id, new AdjustCharge.Target.Of(part), request), Find(), Books.Now),
            Doing.AdjustUnits => () => AdjustCharge.Decide(
                new(tenant, charge, id, new AdjustCharge.Target.OfUnits(Quantity.From(move.HowMuch % 300)), request),
                Find(), Books.Now),
            Doing.Reverse => () => ReverseCorrection.Decide(
                new(tenant, charge, id, new(mistakes.ElementAtOrDefault(move.HowMuch % 5)), request),
                Find(), Books.Now),
            _ => TakeBack(charge, posted, move),
        };

        Correctable? Find() => Books.Correctable(charge);
    }

    private Func<Decision> TakeBack(ChargeId charge, ChargePosted posted, Move move)
    {
        var amount = move.HowMuch % 2 == 0 ? -posted.Amount : AmountOf(posted.Amount.Currency, move.HowMuch);
        var command = new TakeBackCharge.Command(
            posted.Tenant, charge, new(Given.Id($"cancel {count}")), amount, Books.FirstOpen(posted), Given.NoTrace,
            Given.From("pricing", $"cancel {count}"));
        return () => TakeBackCharge.Decide(command, Books.Correctable(charge), Books.Now);
    }

    private Func<Decision> Bill(Move move)
    {
        var periods = Books.Periods.OrderBy(key => (key.Tenant.ToString(), key.Start, key.Currency.Code,
            key.Subscription.ToString())).ToList();
        var status = move.What == Doing.Close ? PeriodStatus.Open : PeriodStatus.Closed;
        if (move.HowMuch % 8 != 0) periods.RemoveAll(one => Books.Guard(one).Status != status);
        if (periods.Count == 0) return () => Decision.AlreadySo;

        var key = periods[move.Which % periods.Count];
        var booking = new Booking(Contracts.Values.Periods.CalendarMonth(key.Start), key.Subscription);
        var number = Books.Guard(key).CloseNumber + (move.What == Doing.Close ? 1 : 0);
        return move.What switch
        {
            Doing.Close => Close,
            Doing.Reopen => Reopen,
            _ => Issue(move, key, booking, number),
        };

        Decision Close() => ClosePeriod.Decide(
            new(key.Tenant, key.Currency, booking, number, 0, 0, Given.From("pricing", $"answer {count}")),
            Books.Guard(key), Books.Slip(key), Books.Now);

        Decision Reopen() => ReopenPeriod.Decide(
            new(key.Tenant, key.Currency, booking, number, Given.From("invoicing", $"reopen {count}")),
            Books.Guard(key), Books.Now);
    }

    private Func<Decision> Issue(Move move, PeriodKey key, Booking booking, int number)
    {
        var invoice = new InvoiceId(Given.Id($"invoice {count}"));
        var lines = Lines(invoice, key, booking, move).ToList();
        var total = Money.Sum(lines.Select(line => line.Rounded - line.Discount + line.Tax), key.Currency);
        var command = new IssueInvoice.Command(
            key.Tenant, invoice, $"N-{count}", booking, number, Books.Now.AddDays(14), lines, total,
            Given.From("invoicing", $"invoice {count}", Books.Now));
        return () => IssueInvoice.Decide(
            command, Books.Invoice(key.Tenant, invoice), Books.Guard(key), Books.Now);
    }

    private IEnumerable<IssuedLine> Lines(InvoiceId invoice, PeriodKey key, Booking booking, Move move) =>
        Books.Log.Select(append => EntryOf(append.Event)).OfType<Entry>().Where(entry => entry.Key == key)
            .GroupBy(entry => (entry.Kind, entry.Meter, entry.Serves))
            .Select(group => LineOf(
                invoice, group.Key.Kind, group.Key.Meter, group.Key.Serves, booking, move,
                Amount.Sum(group.Select(entry => entry.Amount), key.Currency)));

    private static IssuedLine LineOf(
        InvoiceId invoice, ContractLineKind kind, MeterId? meter, BillingPeriod serves, Booking booking, Move move,
        Amount exact)
    {
        var rounded = Rounding.ToMinorUnitsHalfEven(exact);
        var none = Money.Zero(exact.Currency);
        var discount = rounded > none
            ? new Money(rounded.MinorUnits * (move.HowMuch % 4 * 10) / 100, exact.Currency)
            : none;
        var tax = new Money((rounded - discount).MinorUnits * (move.HowMuch % 3 * 10) / 100, exact.Currency);
        return new(
            LineIds.Of(invoice, kind, meter, serves), Enum.Parse<Ledger.Events.LineKind>(kind.ToString()), exact,
            rounded, discount, tax, meter, serves == booking.Period ? null : serves);
    }

    // As Invoicing will do it: what moves a charge in the charge's own period stands on its line.
    private Entry? EntryOf(LedgerEvent happened) => happened switch
    {
        ChargePosted posted => new(
            posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency), KindOf(posted.Kind), posted.Meter,
            posted.Served(), posted.Amount),
        ChargeMoved moved => new(
            moved.Booking.KeyOf(moved.Tenant, moved.Amount.Currency),
            Books.Charge(moved.Of.Charge)!.Posted.Booking == moved.Booking
                ? KindOf(moved.Of.Kind)
                : ContractLineKind.Correction,
            moved.Of.Meter, moved.Of.Serves, moved.Amount),
        _ => null,
    };

    private static ContractLineKind KindOf(ChargeKind kind) =>
        LineIds.KindOf(Enum.Parse<Contracts.Entries.ChargeKind>(kind.ToString()));

    private Func<Decision> OnInvoice(Move move)
    {
        var invoices = Books.All<InvoiceIssued>().ToList();
        if (invoices.Count == 0) return () => Decision.AlreadySo;

        var issued = invoices[move.Which % invoices.Count];
        var (tenant, id, currency) = (issued.Tenant, issued.Invoice, issued.Total.Currency);
        var (now, request, key) = (Books.Now, Request(), Given.Id($"event {count}"));
        var part = move.HowMuch % 3 == 0 ? Find()!.LeftToPay : new Money(move.HowMuch % 50_000 + 1, currency);
        var payment = new PaymentId(Given.Id($"payment {count}"));
        var stripe = $"in_{count}";

        return move.What switch
        {
            Doing.CreditNote => CreditNote(move, issued),
            Doing.VoidInvoice => () => VoidInvoice.Decide(new(tenant, id, new(key), request), Find(), now),
            Doing.WriteOff => () => WriteOff.Decide(new(tenant, id, key, request, part), Find(), now),
            Doing.Apply => () => ApplyCredit.Decide(
                new(tenant, id, key, request), Books.Credit(tenant, currency), Find(), now),
            Doing.Pay => () => TakePayment.Decide(
                new TakePayment.Received(tenant, id, payment, part, stripe, request), Find(), now),
            _ => () => TakePayment.Decide(
                new TakePayment.Failed(tenant, id, payment, part, stripe, "card_declined", request), Find(), now),
        };

        InvoiceState? Find() => Books.Invoice(tenant, id);
    }

    private Func<Decision> CreditNote(Move move, InvoiceIssued issued)
    {
        var state = Books.Invoice(issued.Tenant, issued.Invoice)!;
        var asked = issued.Lines.Where((_, place) => (move.HowMuch >> place) % 2 == 0)
            .Select(line => state.Lines[line.Line])
            .Where(line => !line.Left.IsZero)
            .Select((line, place) => new CreditInvoice.Asked(
                line.Issued.Line, place % 2 == 0 ? line.Left.Prorate(move.HowMuch % 7 + 1, 7) : line.Left))
            .ToList();
        var command = new CreditInvoice.Command(
            issued.Tenant, issued.Invoice, new(Given.Id($"note {count}")), asked, Request());
        return () => CreditInvoice.Decide(command, Books.Invoice(issued.Tenant, issued.Invoice), Books.Now);
    }

    private Func<Decision> OnPayment(Move move)
    {
        var payments = Books.All<PaymentReceived>().ToList();
        if (payments.Count == 0) return () => Decision.AlreadySo;

        var paid = payments[move.Which % payments.Count];
        var money = move.HowMuch % 2 == 0 ? paid.Money : new Money(move.HowMuch % 5_000 + 1, paid.Money.Currency);
        var request = Given.From("stripe-sync", $"fact {count}", Books.Now);
        TakePayment.Command? command = move.What switch
        {
            Doing.Refund => new TakePayment.Refunded(
                paid.Tenant, paid.Invoice, paid.Payment, money, $"re_{count}", request),
            Doing.Dispute => new TakePayment.Disputed(
                paid.Tenant, paid.Invoice, paid.Payment, money, $"dp_{count}", null, request),
            _ => Books.All<PaymentDisputed>().LastOrDefault(dispute => dispute.Outcome is null) is { } open
                ? new TakePayment.Disputed(
                    open.Tenant, open.Invoice, open.Payment, open.Money, open.StripeId,
                    (DisputeOutcome)(move.HowMuch % 2), request)
                : null,
        };
        return command is null
            ? () => Decision.AlreadySo
            : () => TakePayment.Decide(command, Books.Invoice(command.Tenant, command.Invoice), Books.Now);
    }

    private Func<Decision> OnCredit(Move move)
    {
        var (tenant, currency) = (Given.Tenant, Currencies[move.Which % 2]);
        var (id, request, now) = (Given.Id($"grant {count}"), Request(), Books.Now);
        if (move.What == Doing.Grant)
        {
            DateTimeOffset? expires = move.HowMuch % 3 == 0 ? null : now.AddHours(move.HowMuch % 100 + 1);
            var money = new Money(move.HowMuch + 1, currency);
            return () => GrantCredit.Decide(
                new(tenant, id, money, request, expires), Books.Credit(tenant, currency), now);
        }

        return () => ExpireCredit.Decide(
            new ExpireCredit.Due(tenant, currency, "ledger"), Books.Credit(tenant, currency), now);
    }

    private Func<Decision> Wait(Move move)
    {
        Books.Now = Books.Now.AddHours(move.HowMuch % 60);
        return () => Decision.AlreadySo;
    }

    private Request Request() => Given.Ask("key-" + count.ToString(CultureInfo.InvariantCulture));

    private sealed record Entry(
        PeriodKey Key, ContractLineKind Kind, MeterId? Meter, BillingPeriod Serves, Amount Amount);
}
