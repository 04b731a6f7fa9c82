using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Charges;

/// <summary>
/// The periods that one batch books into: chosen once for each period that ratings name, and again after a
/// close.
/// </summary>
internal sealed class PeriodBook(PostingState state)
{
    private readonly Dictionary<PeriodKey, PeriodGuard> _changed = [];
    private readonly Dictionary<PeriodKey, Slip> _slips = [];
    private readonly Dictionary<(PeriodKey Serves, bool IsInAdvance), Place> _places = [];

    public IReadOnlyList<Slip> Slips => [.. _slips.Values];

    public IReadOnlyDictionary<PeriodKey, PeriodGuard> Changed => _changed;

    /// <summary>Where a rating is booked, or why it cannot be yet.</summary>
    public (Place? Place, Decision? No) Of(Rating rating)
    {
        var key = new PeriodKey(
            rating.Tenant, rating.Subscription, rating.Amount.Currency, rating.Serves.Start);
        if (_places.TryGetValue((key, rating.IsInAdvance), out var known)) return (known, null);

        Subscription? subscription = null;
        if (rating.Subscription is { } name)
        {
            if (!state.Subscriptions.TryGetValue(name, out subscription))
                return (null, Decision.WaitFor(Missing.Subscription, Text.Spell(name)));
            if (subscription.Tenant != rating.Tenant)
                return (null, Decision.Refuse(Refusal.TenantOfSubscription));
            if (subscription.Currency != rating.Amount.Currency)
                return (null, Decision.Refuse(Refusal.CurrencyOfSubscription));
        }

        var own = rating.IsInAdvance && subscription is not null
            ? subscription.Before(rating.Serves)
            : rating.Serves;
        return (_places[(key, rating.IsInAdvance)] = Choose(
            rating.Tenant, rating.Amount.Currency, new(own, rating.Subscription), subscription), null);
    }

    /// <summary>Where something that changes a charge now is booked: as near to it as possible.</summary>
    public Booking OpenFor(ChargePosted posted) => Choose(
        posted.Tenant, posted.Amount.Currency, posted.Booking,
        posted.Booking.Subscription is { } name ? state.Subscriptions.GetValueOrDefault(name) : null).Booking;

    public PeriodGuard GuardOf(ChargePosted posted) =>
        Guard(posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency));

    public PeriodGuard Guard(PeriodKey key) =>
        _changed.GetValueOrDefault(key) ?? state.Guards.GetValueOrDefault(key) ?? PeriodGuard.New;

    /// <summary>All entries of a period, those of this batch too.</summary>
    public Slip BookedIn(PeriodKey key)
    {
        var before = state.Booked.TryGetValue(key, out var booked) ? booked : Slip.None(key);
        return _slips.TryGetValue(key, out var now) ? before.And(now) : before;
    }

    public void Add(Append append)
    {
        if (Slip.Of(append.Id, append.Event) is { } slip)
            _slips[slip.Period] = _slips.TryGetValue(slip.Period, out var earlier) ? earlier.And(slip) : slip;
        if (append.Event is not PeriodClosed closed) return;

        var key = closed.Booking.KeyOf(closed.Tenant, closed.Sum.Currency);
        _changed[key] = Guard(key).Evolve(closed);
        _places.Clear();
    }

    private Place Choose(TenantId tenant, Currency currency, Booking own, Subscription? subscription)
    {
        var booking = BookingPeriod.Choose(
            tenant, currency, own, Guard,
            subscription is null ? Subscription.MonthAfter : subscription.After);
        return new(booking, new StreamId.Usage(booking.KeyOf(tenant, currency)));
    }
}

/// <summary>A period to book into, and the stream of its charges.</summary>
internal sealed record Place(Booking Booking, StreamId Stream);
