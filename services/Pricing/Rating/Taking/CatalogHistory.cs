using System.Collections.Immutable;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog.Storage;
using Npgsql;

namespace Billing.Pricing.Rating.Taking;

/// <summary>The catalog as of one of its facts.</summary>
public sealed record CatalogStep(FactId Fact, object Message, KnownCatalog After);

/// <summary>The newest catalog, and the last of the facts that made it.</summary>
/// <param name="Oldest">Before the first step.</param>
/// <param name="Steps">Without a gap from there up to the newest.</param>
public sealed record CatalogSteps(
    KnownCatalog Oldest, KnownCatalog Newest, ImmutableList<CatalogStep> Steps)
{
    private const int Most = 1_000;

    public long Number => Newest.Number;

    /// <summary>Those behind a number; fewer where they lie further back than is kept.</summary>
    public IEnumerable<CatalogStep> Behind(long number)
    {
        for (var place = (int)Math.Max(0, number - Oldest.Number); place < Steps.Count; place++)
            yield return Steps[place];
    }

    public CatalogSteps With(IEnumerable<(long Number, FactId Id, object Message)> facts)
    {
        var (newest, steps) = (Newest, Steps.ToBuilder());
        foreach (var (number, id, message) in facts)
        {
            newest = newest.With(number, message);
            steps.Add(new(id, message, newest));
        }

        var oldest = Oldest;
        for (; steps.Count > Most; steps.RemoveAt(0)) oldest = steps[0].After;
        return new(oldest, newest, steps.ToImmutable());
    }
}

/// <summary>
/// The catalog for rating. Beside what is in force now it tells which fact of the catalog made which
/// difference, so that a change is rated as that fact's.
/// </summary>
public sealed class CatalogHistory(StoredCatalog stored)
{
    private readonly Lock one = new();
    private CatalogSteps? last;

    /// <summary>At least as new as everything that was committed before the call.</summary>
    public async Task<CatalogSteps> Read(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var known = Last() ?? Begin(await stored.Read(connection, cancellation));
        var facts = await Behind(known.Number, connection, cancellation);
        return Keep(facts.Count > 0 ? known.With(facts) : known);
    }

    /// <summary>Facts of the catalog behind one number up to and with another.</summary>
    public static async Task<List<(long Number, FactId Id, object Message)>> Behind(
        long number, NpgsqlConnection connection, CancellationToken cancellation, long upTo = long.MaxValue)
    {
        await using var command = new NpgsqlCommand(
            """
            select number, fact_id, wire_name, body from catalog_facts
            where number > $1 and number <= $2 order by number
            """, connection)
        {
            Parameters = { new() { Value = number }, new() { Value = upTo } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<(long, FactId, object)>();
        while (await rows.ReadAsync(cancellation))
            found.Add((rows.GetInt64(0), new(rows.GetGuid(1)),
                StoredCatalog.Message(rows.GetString(2), rows.GetFieldValue<byte[]>(3))));
        return found;
    }

    private static CatalogSteps Begin(KnownCatalog catalog) => new(catalog, catalog, []);

    private CatalogSteps? Last()
    {
        lock (one) return last;
    }

    private CatalogSteps Keep(CatalogSteps read)
    {
        lock (one) return last = last is null || read.Number >= last.Number ? read : last;
    }
}
