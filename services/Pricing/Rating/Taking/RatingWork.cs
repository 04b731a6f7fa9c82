using Billing.Contracts.Values;
using Billing.Pricing.Closing;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// What one transaction knows and changes: tallies and uses, read at once before anything is decided and
/// written at once behind it. What was decided holds when the caller has committed.
/// </summary>
internal sealed partial class RatingWork(
    CatalogSteps catalog, FindZone zones, TallyCache cache, PeriodTotal total, BatchTransaction transaction,
    DateTimeOffset now)
{
    private readonly Dictionary<Guid, KnownTally> tallies = [];
    private readonly HashSet<Guid> changedTallies = [];
    private readonly Dictionary<(TenantId, MeterId), List<TallyKey>> keys = [];

    public CatalogSteps Catalog => catalog;

    public FindZone Zones => zones;

    public PeriodTotal Total => total;

    public DateTimeOffset Now => now;

    public UseTable Uses { get; } = new(transaction.Connection);

    public Merging.MergeTable Merges { get; } = new(catalog.Newest.State, transaction.Connection, now);

    public NpgsqlConnection Connection => transaction.Connection;

    /// <summary>Null: nothing says in what currency it is charged.</summary>
    public TallyKey? KeyOf(TenantId tenant, MeterId meter, DateTimeOffset usedAt)
    {
        var subscription = SubscriptionHistory.Of(tenant, usedAt, catalog.Newest.State)?.Subscription;
        if (!keys.TryGetValue((tenant, meter), out var known)) keys.Add((tenant, meter), known = []);
        foreach (var one in known)
            if (one.Holds(subscription, usedAt)) return one;

        var key = TallyKey.Of(tenant, meter, usedAt, catalog.Newest.State, zones);
        if (key is not null) known.Add(key);
        return key;
    }

    /// <summary>Those of the keys, as they are stored, by the terms in force now.</summary>
    public async Task Load(IEnumerable<TallyKey> wanted, CancellationToken cancellation)
    {
        var missing = new Dictionary<Guid, TallyKey>();
        foreach (var key in wanted)
            if (!tallies.ContainsKey(key.Id) && !await TakeFromCache(key.Id, cancellation))
                missing[key.Id] = key;
        if (missing.Count == 0) return;

        await Load(missing.Keys, cancellation);
        await Begin([.. missing.Values.Where(key => !tallies.ContainsKey(key.Id))], cancellation);
    }

    // Where the period was answered, the minimum is part of the total and comes with the first use.
    private async Task Begin(List<TallyKey> news, CancellationToken cancellation)
    {
        if (news.Count == 0) return;

        var answered = await Closings.Answered(
            Connection, news.Select(key => PeriodKey.Of(key).Id), cancellation);
        foreach (var key in news)
        {
            var terms = key.Terms(catalog.Newest.State, zones);
            var isAnswered = key.Subscription is not null && answered.Contains(PeriodKey.Of(key).Id);
            var tally = Tally.Empty(terms) with { IsAnswered = isAnswered };
            tallies.Add(key.Id, new(key, 0, catalog.Number, terms, tally, null));
        }
    }

    /// <summary>Those that uses are in.</summary>
    public async Task LoadOf(IEnumerable<UseRow> uses, CancellationToken cancellation)
    {
        var missing = new HashSet<Guid>();
        foreach (var id in uses.Select(use => use.Tally).OfType<Guid>())
            if (!tallies.ContainsKey(id) && !await TakeFromCache(id, cancellation)) missing.Add(id);
        if (missing.Count > 0) await Load(missing, cancellation);
    }

    /// <summary>By the terms in force now, whatever it is that changed them.</summary>
    public async Task Load(IEnumerable<TallyRow> rows, CancellationToken cancellation)
    {
        foreach (var row in rows.Where(row => !tallies.ContainsKey(row.Key.Id)))
            Add(await BringUpToDate.Of(row, this, cancellation), row.Tally);
    }

    public KnownTally Known(Guid id) => tallies[id];

    public void Put(KnownTally changed)
    {
        tallies[changed.Key.Id] = changed;
        changedTallies.Add(changed.Key.Id);
    }

    private async Task<bool> TakeFromCache(Guid id, CancellationToken cancellation)
    {
        if (cache.Find(id) is not { } known) return false;

        Add(await BringUpToDate.Of(known, this, cancellation), known.Tally);
        return true;
    }

    private void Add(KnownTally known, Tally before)
    {
        tallies.Add(known.Key.Id, known);
        if (!ReferenceEquals(known.Tally, before)) changedTallies.Add(known.Key.Id);
    }

    private async Task Load(IReadOnlyCollection<Guid> ids, CancellationToken cancellation) =>
        await Load(await TallyRows.Read(Connection, TallyRows.Find(ids), cancellation), cancellation);
}
