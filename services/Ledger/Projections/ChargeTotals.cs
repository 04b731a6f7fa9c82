using System.Runtime.InteropServices;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;

namespace Billing.Ledger.Projections;

/// <summary>How many charges there are of one period and meter, and of how much.</summary>
/// <param name="Counting">Neither voided nor taken back.</param>
/// <param name="VoidedAmount">As charged.</param>
internal readonly record struct ChargeTotals(
    PeriodKey Period, MeterId? Meter, long Counting, Amount CountingLeft, long Voided, Amount VoidedAmount,
    long TakenBack, Amount TakenBackLeft)
{
    /// <summary>What a page changes, one row a key.</summary>
    /// <param name="moved">Those that were posted in the page are in both.</param>
    public static IReadOnlyList<ChargeTotals> Of(
        IReadOnlyList<PostedCharge> posted, IReadOnlyList<ChargeStanding> moved)
    {
        var sums = new Dictionary<(PeriodKey, MeterId?), ChargeTotals>();
        AddTo(sums, posted, moved);
        return [.. sums.Values];
    }

    /// <summary>To what other pages changed before.</summary>
    public static void AddTo(
        Dictionary<(PeriodKey Period, MeterId? Meter), ChargeTotals> sums, IReadOnlyList<PostedCharge> posted,
        IReadOnlyList<ChargeStanding> moved)
    {
        foreach (var charge in posted) Add(Of(charge.Posting));
        foreach (var charge in moved)
        {
            Add(Of(charge.Now));
            Add(Of(charge.Before!).Negated());
        }

        void Add(ChargeTotals one)
        {
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(
                sums, (one.Period, one.Meter), out var isThere);
            sum = isThere ? sum.And(one) : one;
        }
    }

    private static ChargeTotals Of(ChargePosted posted)
    {
        var none = Amount.Zero(posted.Amount.Currency);
        return new(
            posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency), posted.Meter, 1, posted.Amount, 0,
            none, 0, none);
    }

    private static ChargeTotals Of(ChargeRow row)
    {
        var none = Amount.Zero(row.Amount.Currency);
        return row.StatusIn(isIssued: false) switch
        {
            ChargeStatus.TakenBack => new(row.Period, row.Meter, 0, none, 0, none, 1, row.Left),
            ChargeStatus.Voided => new(row.Period, row.Meter, 0, none, 1, row.Amount, 0, none),
            _ => new(row.Period, row.Meter, 1, row.Left, 0, none, 0, none),
        };
    }

    private ChargeTotals And(ChargeTotals more) => new(
        Period, Meter, Counting + more.Counting, CountingLeft + more.CountingLeft, Voided + more.Voided,
        VoidedAmount + more.VoidedAmount, TakenBack + more.TakenBack, TakenBackLeft + more.TakenBackLeft);

    private ChargeTotals Negated() => new(
        Period, Meter, -Counting, -CountingLeft, -Voided, -VoidedAmount, -TakenBack, -TakenBackLeft);
}
