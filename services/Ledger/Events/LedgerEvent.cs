using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// Something that happened in the ledger. Stored for ever under a name of <see cref="EventNames"/>; one that
/// has shipped is never edited. A new shape is a new record, and <see cref="Upcasts"/> makes it of the old
/// one.
/// </summary>
public abstract record LedgerEvent(TenantId Tenant, Origin Origin);

/// <summary>Where an event is from, and its two times.</summary>
/// <param name="EffectiveAt">When it is true from; a correction's is its charge's unless given.</param>
/// <param name="RecordedAt">When the ledger learned it.</param>
/// <param name="Actor">A person's or a service's name.</param>
/// <param name="Reason">What a person gave as the reason.</param>
public sealed record Origin(
    DateTimeOffset EffectiveAt, DateTimeOffset RecordedAt, string Actor, Cause Cause, string? Reason = null)
{
    /// <summary>Of a command. Its effect counts from now unless it says from when.</summary>
    public static Origin Of(Request request, DateTimeOffset now) =>
        new(request.EffectiveAt ?? now, now, request.Actor, request.Cause, request.Reason);

    /// <summary>Of a correction, which counts from when its charge did unless it says from when.</summary>
    public static Origin Of(Request request, DateTimeOffset charged, DateTimeOffset now) =>
        Of(request, now) with { EffectiveAt = request.EffectiveAt ?? charged };
}

/// <summary>Who wants something of the ledger, and why.</summary>
/// <param name="EffectiveAt">From when it shall count, where that is not the usual moment.</param>
public sealed record Request(
    string Actor, Cause Cause, string? Reason = null, DateTimeOffset? EffectiveAt = null);

/// <summary>The period that an entry counts in. The ledger alone chooses it.</summary>
public sealed record Booking(BillingPeriod Period, SubscriptionId? Subscription = null)
{
    public PeriodKey KeyOf(TenantId tenant, Currency currency) =>
        new(tenant, Subscription, currency, Period.Start);
}

/// <summary>Names one period of one subscription, or of the usage without one, in one currency.</summary>
/// <param name="Start">The first moment of the period; what it ends with follows from it.</param>
public readonly record struct PeriodKey(
    TenantId Tenant, SubscriptionId? Subscription, Currency Currency, DateTimeOffset Start);

/// <summary>An event as it lies in its stream.</summary>
/// <param name="Id">Unique over all streams, and derived from the cause (see <see cref="EventIds"/>).</param>
public sealed record Recorded(Guid Id, LedgerEvent Event);

/// <summary>An event on its way to a stream.</summary>
public sealed record Append(StreamId Stream, Guid Id, LedgerEvent Event)
{
    public Recorded Recorded => new(Id, Event);
}
