using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Accounts;

/// <summary>Which revenue a charge is, and a line that takes some of it back.</summary>
internal static class Revenue
{
    public static Account Of(ChargeKind kind) => kind switch
    {
        ChargeKind.Use or ChargeKind.Change or ChargeKind.Merged => Account.UsageRevenue,
        ChargeKind.Fee or ChargeKind.Proration => Account.FeeRevenue,
        ChargeKind.TrueUp => Account.CommitmentRevenue,
        _ => throw new NotSupportedException($"{kind} is no revenue yet."),
    };

    /// <summary>A line of corrections is usage where it names a meter, else it corrects fees.</summary>
    public static Account Of(LineKind kind, MeterId? meter) => kind switch
    {
        LineKind.Usage => Account.UsageRevenue,
        LineKind.Fee or LineKind.Proration => Account.FeeRevenue,
        LineKind.TrueUp => Account.CommitmentRevenue,
        LineKind.Correction => meter is null ? Account.FeeRevenue : Account.UsageRevenue,
        _ => throw new NotSupportedException($"{kind} is no revenue yet."),
    };
}
