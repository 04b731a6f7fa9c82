using Billing.Contracts.Values;
using Npgsql;

namespace Billing.Pricing.Rating.Taking;

/// <summary>The uses that a transaction knows and changes.</summary>
internal sealed class UseTable(NpgsqlConnection connection)
{
    private readonly Dictionary<Guid, List<Held>> held = [];
    private readonly List<Held> changed = [];

    public Task Load(Guid[] usages, CancellationToken cancellation) =>
        Load(usages, UseRows.Find, cancellation);

    /// <summary>
    /// Of uses that should be new, only what came before them. One that is there already violates the key
    /// when it is written.
    /// </summary>
    public Task LoadNew(Guid[] usages, CancellationToken cancellation) =>
        Load(usages, UseRows.FindCancels, cancellation);

    private async Task Load(
        Guid[] usages, Func<Guid[], NpgsqlBatchCommand> find, CancellationToken cancellation)
    {
        if (usages.Length == 0) return;

        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { find(usages) } };
        await using var found = await batch.ExecuteReaderAsync(cancellation);
        while (await found.ReadAsync(cancellation))
        {
            var row = UseRows.Read(found);
            if (Find(row.Usage, row.Meter) is null) Of(row.Usage).Add(new(row, isStored: true));
        }
    }

    public UseRow? Find(Guid usage, MeterId meter) => Held(usage, meter)?.Row;

    /// <summary>What all meters took from an event; alone and without a meter: a cancel that waits.</summary>
    public IReadOnlyList<UseRow> Find(Guid usage) =>
        held.TryGetValue(usage, out var found) ? [.. found.Select(one => one.Row)] : [];

    /// <summary>What is taken into a tally, as of now.</summary>
    public IEnumerable<UseRow> Taken(Guid tally) => UseRows.Taken(connection, tally)
        .Where(row => Find(row.Usage, row.Meter) is null)
        .Concat(held.Values.SelectMany(found => found).Select(one => one.Row)
            .Where(row => row.Tally == tally && row.Standing == UseStanding.Taken));

    public void Put(UseRow row)
    {
        if (Held(row.Usage, row.Meter) is not { } one) Of(row.Usage).Add(one = new(row, isStored: false));
        if (!one.IsChanged) changed.Add(one);
        (one.Row, one.IsChanged) = (row, true);
    }

    /// <summary>What is written is read again where it is asked for.</summary>
    public void AddTo(NpgsqlBatch batch, long catalogNumber, DateTimeOffset now)
    {
        var news = changed.Where(one => !one.IsStored).Select(one => one.Row).ToList();
        var olds = changed.Where(one => one.IsStored).Select(one => one.Row).ToList();
        var waiting = changed.Where(one => one.Row.Standing == UseStanding.Unpriced)
            .Select(one => one.Row).ToList();
        if (news.Count > 0) batch.BatchCommands.Add(UseRows.Put(news));
        if (olds.Count > 0) batch.BatchCommands.Add(UseRows.Change(olds));
        if (waiting.Count > 0) batch.BatchCommands.Add(UseRows.Wait(waiting, catalogNumber, now));
        held.Clear();
        changed.Clear();
    }

    private Held? Held(Guid usage, MeterId meter)
    {
        if (!held.TryGetValue(usage, out var found)) return null;

        foreach (var one in found)
            if (one.Row.Meter == meter) return one;

        return null;
    }

    private List<Held> Of(Guid usage)
    {
        if (!held.TryGetValue(usage, out var found)) held.Add(usage, found = []);
        return found;
    }
}

internal sealed class Held(UseRow row, bool isStored)
{
    public UseRow Row { get; set; } = row;

    public bool IsStored => isStored;

    public bool IsChanged { get; set; }
}
