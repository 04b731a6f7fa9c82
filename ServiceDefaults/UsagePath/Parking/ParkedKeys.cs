using System.Text.Json;
using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath.Reading;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Parking;

/// <summary>Facts of a batch: those to apply, and those to park, each in order.</summary>
internal sealed record SortedFacts(
    List<ReadFact> Good, List<(ReadFact Fact, string Key, string Reason)> Parked);

/// <summary>
/// While a key has a parked fact, later ones of that key are parked behind it. Only the owner of a lane parks
/// and redrives, so it knows by itself when there is nothing to ask the database for.
/// </summary>
internal sealed class ParkedKeys(IFactHandler handler)
{
    private const string Behind = "It is behind an earlier parked fact of the same key.";

    private volatile bool _hasAny;

    /// <summary>False: no lane of ours has anything parked.</summary>
    public bool HasAny => _hasAny;

    /// <summary>In the transaction that takes lanes over, or after a redrive.</summary>
    public async Task Learn(
        NpgsqlConnection connection, int[] lanes, bool isAll, CancellationToken cancellation)
    {
        var any = await ParkedRows.Any(connection, handler.Topic, lanes, cancellation);
        _hasAny = any || (!isAll && _hasAny);
    }

    public async Task<SortedFacts> Sort(
        NpgsqlConnection connection, IReadOnlyList<ReadFact> facts, CancellationToken cancellation)
    {
        foreach (var fact in facts)
            if (WireNames.Find(fact.Fact.WireName) is null)
                fact.ParkReason ??= $"This version does not know '{fact.Fact.WireName}'.";
        if (!_hasAny && facts.All(fact => fact.ParkReason is null)) return new([.. facts], []);

        var keyed = facts.Select(fact => (Fact: fact, Key: KeyOf(fact))).ToList();
        var parked = _hasAny
            ? await ParkedRows.Keys(
                connection, handler.Topic, [.. keyed.Select(one => one.Key).Distinct()], cancellation)
            : [];
        var sorted = new SortedFacts([], []);
        foreach (var (fact, key) in keyed)
        {
            var reason = parked.Contains((fact.Header.Lane, key)) ? Behind : fact.ParkReason;
            if (reason is null)
            {
                sorted.Good.Add(fact);
                continue;
            }

            parked.Add((fact.Header.Lane, key));
            sorted.Parked.Add((fact, key, reason));
        }

        return sorted;
    }

    /// <summary>
    /// What the handler parked. False where a later fact of such a key was applied already: then they are
    /// marked, and the batch has to be done again.
    /// </summary>
    public bool Add(IReadOnlyList<(Fact Fact, string Reason)> parked, SortedFacts sorted)
    {
        var reasons = new Dictionary<Fact, string>(ReferenceEqualityComparer.Instance);
        foreach (var (fact, reason) in parked) reasons.TryAdd(fact, reason);

        var keys = new HashSet<(int, string)>();
        var isInOrder = true;
        foreach (var fact in sorted.Good)
        {
            var isParked = reasons.ContainsKey(fact.Fact);
            var key = (fact.Header.Lane, KeyOf(fact));
            isInOrder &= isParked || !keys.Contains(key);
            if (isParked) keys.Add(key);
        }

        foreach (var fact in sorted.Good.Where(fact => reasons.ContainsKey(fact.Fact)).ToList())
            if (!isInOrder) fact.ParkReason = reasons[fact.Fact];
            else sorted.Parked.Add((fact, KeyOf(fact), reasons[fact.Fact]));

        return isInOrder;
    }

    public static Task Keep(
        NpgsqlConnection connection, IReadOnlyList<(ReadFact Fact, string Key, string Reason)> parked,
        DateTimeOffset now, CancellationToken cancellation) =>
        ParkedRows.Insert(
            connection,
            [.. parked.OrderBy(one => one.Fact.Header.Lane).ThenBy(one => one.Fact.Header.Number)
                .Select(one => Row(one.Fact, one.Key, one.Reason))],
            now, cancellation);

    /// <summary>After the commit.</summary>
    public void Kept(int count) => _hasAny |= count > 0;

    private string KeyOf(ReadFact fact)
    {
        try
        {
            if (WireNames.Find(fact.Fact.WireName) is not null) return handler.KeyOf(fact.Fact);
        }
        catch (JsonException unreadable)
        {
            fact.ParkReason ??= Troubles.Describe(unreadable);
        }

        return $"fact:{fact.Header.Id}";
    }

    private static ParkedRow Row(ReadFact fact, string key, string reason) => new(
        fact.Fact.Topic, fact.Message.Partition, fact.Header.Lane, fact.Header.Number, fact.Header.Id.Value,
        fact.Fact.WireName, key, fact.Message.Message.Key, fact.Message.Message.Value ?? [],
        ParkedRow.Text(fact.Message.Message.Headers), reason);
}
