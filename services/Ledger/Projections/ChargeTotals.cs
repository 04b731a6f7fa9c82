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
    public static IReadOnlyList<ChargeTotals> Of(IEnumerable<ChargeStanding> charges)
    {
        var sums = new Dictionary<(PeriodKey, MeterId?), ChargeTotals>();
        foreach (var charge in charges)
        {
            Add(Of(charge.Now));
            if (charge.Before is { } before) Add(Of(before).Negated());
        }

        return [.. sums.Values];

        void Add(ChargeTotals one) => sums[(one.Period, one.Meter)] =
            sums.TryGetValue((one.Period, one.Meter), out var sum) ? sum.And(one) : one;
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
