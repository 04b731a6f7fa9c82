using Billing.Ingestion.Catalog;
using Billing.Ingestion.Usage.Reading;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Ingestion.Usage;

/// <summary>
/// The one way in which events are taken, from Kafka, over HTTP and from files: judged, deduplicated, kept,
/// counted and told to Pricing, in the caller's transaction: one round trip here, one with the commit.
/// </summary>
public sealed class AcceptUsage(KnownCatalog catalog, UsageSources sources, BelievedTimes believed)
{
    private const string WaitingFor =
        "select id, body from waiting_facts where kind = $1 and missing_key = any ($2) order by id";

    // Who resends does so for a while; the rest of the time nothing comes twice.
    private volatile bool _wereAllNew = true;

    /// <summary>A first try has failed by what was taken before.</summary>
    public void SomeCameBefore() => _wereAllNew = false;

    /// <summary>Nothing holds until the caller has committed <paramref name="transaction"/>.</summary>
    /// <param name="arrivals">At most a few thousand.</param>
    /// <param name="now">When they were received.</param>
    /// <param name="isFirstTry">
    /// Where nothing has come twice lately, all is written with the commit; that fails with what
    /// <see cref="UsageKeys.IsKnown"/> recognizes if something has, and is to be tried again with false.
    /// </param>
    /// <returns>One verdict for each arrival, in their order.</returns>
    public async Task<IReadOnlyList<Verdict>> Apply(
        IReadOnlyList<Arrival> arrivals, BatchTransaction transaction, DateTimeOffset now,
        CancellationToken cancellation, bool isFirstTry = false)
    {
        now = Moments.Cut(now);
        var known = catalog.Current;
        var numbers = await sources.Learn(arrivals, transaction, now, cancellation);

        var verdicts = new Verdict[arrivals.Count];
        var candidates = Candidates(arrivals, numbers, known, now);
        var keys = new UsageKeys(now, candidates.Count, _wereAllNew);
        foreach (var candidate in candidates) keys.Add(candidate);
        var areUnseen = isFirstTry && _wereAllNew && keys.MayGoUnseen();
        if (!areUnseen)
        {
            await keys.Fetch(transaction.Connection, cancellation);
            _wereAllNew = keys.AreAllNew;
        }

        var waiting = await WaitingChanges(candidates, keys, transaction, cancellation);

        using var facts = new UsageFacts();
        var batch = new UsageBatch(keys, known, facts, transaction, now);
        Refuse(arrivals, numbers, batch, verdicts, now);
        foreach (var candidate in candidates)
            verdicts[candidate.Index] = batch.Take(
                candidate, waiting?.GetValueOrDefault(candidate.Key) ?? []);

        batch.Effects.Write(keys, areUnseen, transaction);
        transaction.WhenCommitted(() => UsageMeters.Count(verdicts, arrivals));
        return verdicts;
    }

    /// <summary>Events of their own first, then changes, which may point at them.</summary>
    private List<Candidate> Candidates(
        IReadOnlyList<Arrival> arrivals, SourceNumbers numbers, CatalogSnapshot known, DateTimeOffset now)
    {
        var candidates = new List<Candidate>(arrivals.Count);
        List<Candidate>? changes = null;
        for (var index = 0; index < arrivals.Count; index++)
        {
            if (arrivals[index].Event is not { } usage) continue;

            var candidate = new Candidate
            {
                Index = index,
                Arrival = arrivals[index],
                Usage = usage,
                Key = new(numbers[usage.Source], usage.Id),
                Judgment = JudgeUsage.Decide(usage, known, now, believed),
                Digest = arrivals[index].Digest,
            };
            if (usage.Change is null) candidates.Add(candidate);
            else (changes ??= []).Add(candidate);
        }

        if (changes is not null) candidates.AddRange(changes);
        for (var place = 0; place < candidates.Count; place++) candidates[place].Place = place;
        return candidates;
    }

    private static void Refuse(
        IReadOnlyList<Arrival> arrivals, SourceNumbers numbers, UsageBatch batch, Verdict[] verdicts,
        DateTimeOffset now)
    {
        for (var index = 0; index < arrivals.Count; index++)
        {
            if (arrivals[index] is not { Event: null } arrival) continue;

            var reason = arrival.Refusal ?? Refusal.NotJson;
            var source = arrival.Source is { } name ? numbers[name] : UsageSources.Unreadable;
            batch.Effects.Refusals.Add(arrival, reason);
            batch.Effects.Counts.Received(source, now, VerdictKind.Rejected);
            verdicts[index] = Verdict.Rejected(reason);
        }
    }

    /// <summary>
    /// Changes that came before the originals that are in this batch. The row of an awaited key is held, so
    /// none of them is missed and none is taken twice.
    /// </summary>
    private static async Task<Dictionary<UsageKey, List<(long, WaitingUsage)>>?> WaitingChanges(
        List<Candidate> candidates, UsageKeys keys, BatchTransaction transaction,
        CancellationToken cancellation)
    {
        var awaited = candidates
            .Where(one => !one.Judgment.IsRefused
                && keys.Find(one.Key) is { TakenBy: KeyRow.Nobody, State: UsageState.Awaited })
            .Select(one => one.Key).Distinct().ToList();
        if (awaited.Count == 0) return null;

        var connection = transaction.Connection;
        var found = new Dictionary<UsageKey, List<(long, WaitingUsage)>>();
        await using (var command = new NpgsqlCommand(WaitingFor, connection))
        {
            command.Parameters.Add(new() { Value = WaitingUsage.ChangeKind });
            command.Parameters.Add(Columns.Of(awaited, WaitingUsage.MissingKey));
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            while (await rows.ReadAsync(cancellation))
            {
                var change = WaitingUsage.Read(rows.GetFieldValue<byte[]>(1));
                var original = new UsageKey(change.SourceId, change.OriginalId!);
                if (!found.TryGetValue(original, out var changes)) found.Add(original, changes = []);
                changes.Add((rows.GetInt64(0), change));
            }
        }

        var own = found.Values.SelectMany(changes => changes).Select(change => change.Item2.Key).ToList();
        if (own.Count > 0) await keys.Hold(own, connection, cancellation);
        return found;
    }
}
