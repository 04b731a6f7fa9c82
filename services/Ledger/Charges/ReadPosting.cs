using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Charges;

/// <summary>What a batch is decided by, in as few round trips as its facts need.</summary>
internal sealed class ReadPosting(LedgerWork work)
{
    private readonly Dictionary<PeriodKey, PeriodGuard> _guards = [];
    private readonly ReadCharges _charges = new(work);
    private Dictionary<SubscriptionId, Subscription> _subscriptions = [];
    private Dictionary<Guid, LedgerEvent> _recorded = [];
    private IReadOnlyDictionary<PeriodKey, Slip> _booked = new Dictionary<PeriodKey, Slip>();

    /// <summary>By which those are judged that wait for the catalog; read before anything of it.</summary>
    public long CatalogNumber { get; private set; }

    /// <summary>As it was when it was held.</summary>
    public PeriodGuard GuardOf(PeriodKey key) => _guards[key];

    /// <summary>Only of facts that may have been here before.</summary>
    public bool IsRecorded(Guid id) => _recorded.ContainsKey(id);

    /// <summary>Something else is recorded under its id.</summary>
    public bool IsOther(PricingFact fact) => fact is PricingFact.Rated { Rating: var rating }
        && _recorded.TryGetValue(rating.Id.Value, out var recorded) && !SameCharge.Is(rating, recorded);

    /// <returns>The facts, and behind them the cancels that have waited for one of them.</returns>
    public async Task<List<Arrived>> Begin(IReadOnlyList<Arrived> arrived, CancellationToken cancellation)
    {
        CatalogNumber = await ServiceDefaults.UsagePath.Waiting.CatalogNumber.Read(
            work.Connection, cancellation);
        var waiting = await KeptFacts.AnyWaits(work.Connection, WaitingKinds.Charge, cancellation)
            ? await KeptFacts.WaitingFor(
                work.Connection, [WaitingKinds.Charge], arrived.Select(one => Text.Spell(one.Id)),
                cancellation)
            : [];
        var rows = arrived.Select(one => one.Row).OfType<long>().ToHashSet();
        List<Arrived> all =
        [
            .. arrived,
            .. waiting.Where(one => !rows.Contains(one.Row)).Select(Arrived.Of),
        ];
        Rating[] cancels =
        [
            .. all.Select(one => one.Fact).OfType<PricingFact.Rated>().Select(fact => fact.Rating)
                .Where(rating => rating.Cancels is not null),
        ];
        await _charges.Read(cancels, cancellation);
        await ReadRecorded(all.Where(one => work.LooksForKnown || one.IsAgain || one.Row is not null),
            cancellation);
        _subscriptions = await KnownSubscriptions.Read(
            work.Connection, Subscriptions(all).ToHashSet(), cancellation);
        return all;
    }

    /// <summary>The periods that the facts name, or that the charges are in which they cancel.</summary>
    public IReadOnlyCollection<PeriodKey> OwnPeriods(IEnumerable<PricingFact> facts) =>
        facts.Select(OwnPeriod).OfType<PeriodKey>().ToHashSet();

    /// <param name="keys">Of these all periods from the first one on are held.</param>
    public async Task<PostingState> Hold(
        IReadOnlyCollection<PeriodKey> keys, IReadOnlyList<PricingFact> facts, CancellationToken cancellation)
    {
        var answered = facts.OfType<PricingFact.Answered>().Select(fact => fact.Close.Key).ToHashSet();
        var held = await PeriodGuards.Hold(work.Connection, keys, answered, cancellation);
        foreach (var (key, guard) in held) _guards[key] = guard;
        if (answered.Count > 0)
            _booked = await PeriodGuards.Booked(work.Connection, answered, cancellation);
        await _charges.ReadInvoices(_guards, cancellation);

        var known = facts.Select(fact => fact.Id()).Where(id => IsRecorded(id.Value)).ToHashSet();
        return new(_subscriptions, _guards, _booked, _charges.Found, _charges.Invoices, known);
    }

    private PeriodKey? OwnPeriod(PricingFact fact)
    {
        if (fact is PricingFact.Answered { Close: var close }) return close.Key;

        var rating = ((PricingFact.Rated)fact).Rating;
        if (rating.Cancels is { } canceled)
            return _charges.Found.GetValueOrDefault(canceled)?.Posted is { } posted
                ? posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency)
                : null;

        var subscription = rating.Subscription is { } id ? _subscriptions.GetValueOrDefault(id) : null;
        if (rating.Subscription is not null && subscription?.Tenant != rating.Tenant) return null;

        var start = rating.IsInAdvance && subscription is not null
            ? subscription.Before(rating.Serves).Start
            : rating.Serves.Start;
        return new(rating.Tenant, rating.Subscription, rating.Amount.Currency, start);
    }

    private async Task ReadRecorded(IEnumerable<Arrived> facts, CancellationToken cancellation)
    {
        Guid[] ids = [.. facts.SelectMany(one => RecordedIds.Of(one.Id))];
        if (ids.Length == 0) return;

        await using var batch = new NpgsqlBatch(work.Connection)
        {
            BatchCommands = { StoredEvents.ById(ids) },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        _recorded = (await StoredEvents.Read(rows, cancellation))
            .ToDictionary(stored => stored.Id, stored => stored.Event);
    }

    private IEnumerable<SubscriptionId> Subscriptions(IEnumerable<Arrived> all) => all
        .Select(one => one.Fact switch
        {
            PricingFact.Rated rated => rated.Rating.Subscription,
            PricingFact.Answered answer => answer.Close.Booking.Subscription,
            _ => null,
        })
        .Concat(_charges.Found.Values.Select(charge => charge.Posted.Booking.Subscription))
        .OfType<SubscriptionId>();
}
