using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Charges;

/// <summary>
/// A rating as it came in, read for posting: what it charges or changes, for whom, and which period is its
/// own.
/// </summary>
/// <param name="Id">Of the fact, and of the charge that it becomes.</param>
/// <param name="Serves">The period of the service.</param>
/// <param name="IsInAdvance">A fee, which is billed with the period before the one that it serves.</param>
/// <param name="Cancels">The charge that it takes back; null: it is a charge itself.</param>
public sealed record Rating(
    FactId Id,
    TenantId Tenant,
    SubscriptionId? Subscription,
    ChargeKind Kind,
    BillingPeriod Serves,
    DateTimeOffset At,
    Amount Amount,
    RatingTraceV1 Trace,
    MeterId? Meter = null,
    Quantity? Quantity = null,
    UsageRef? Usage = null,
    IReadOnlyList<FactId>? Merges = null,
    ChargeId? Cancels = null,
    bool IsInAdvance = false)
{
    private static readonly TimeSpan OneMicrosecond = TimeSpan.FromMicroseconds(1);

    public static Rating Of(FactId id, UseRatedV1 use) => new(
        id, use.Tenant, use.Subscription, ChargeKind.Use, use.Period, use.UsedAt, use.Amount, use.Trace,
        use.Meter, use.Quantity, new(use.Event.Source, use.Event.Id, use.Revision));

    public static Rating Of(FactId id, CancelRatedV1 cancel) => new(
        id, cancel.Tenant, cancel.Subscription, ChargeKind.Use, cancel.Period, cancel.UsedAt, cancel.Amount,
        cancel.Trace, cancel.Meter, cancel.Quantity,
        new(cancel.Event.Source, cancel.Event.Id, cancel.Revision), Cancels: cancel.Charge);

    public static Rating Of(FactId id, MergedRatedV1 merged) => new(
        id, merged.Tenant, merged.Subscription, ChargeKind.Merged, merged.Period, merged.Window.Start,
        merged.Amount, merged.Trace, merged.Meter, merged.Quantity, Merges: merged.Facts);

    /// <summary>A change has no moment of its own: it is about the whole period.</summary>
    public static Rating Of(FactId id, ChangeRatedV1 change) => new(
        id, change.Tenant, change.Subscription, ChargeKind.Change, change.Period, change.Period.Start,
        change.Amount, change.Trace, change.Meter);

    public static Rating Of(FactId id, FeeRatedV1 fee) => new(
        id, fee.Tenant, fee.Subscription, ChargeKind.Fee, fee.Period, fee.Period.Start, fee.Amount, fee.Trace,
        IsInAdvance: true);

    public static Rating Of(FactId id, ProrationRatedV1 proration) => new(
        id, proration.Tenant, proration.Subscription, ChargeKind.Proration, proration.Period,
        proration.Covered.Start, proration.Amount, proration.Trace);

    /// <summary>A minimum is missed when the period is over, in its last microsecond.</summary>
    public static Rating Of(FactId id, TrueUpRatedV1 missing) => new(
        id, missing.Tenant, missing.Subscription, ChargeKind.TrueUp, missing.Period,
        missing.Period.EndExclusive - OneMicrosecond, missing.Amount, missing.Trace);

    public Origin OriginAt(DateTimeOffset now) => new(At, now, RatedBy, Cause.Of(Id));

    /// <summary>Who is behind every rating: the service that made it.</summary>
    public const string RatedBy = Contracts.Resources.Pricing;
}
