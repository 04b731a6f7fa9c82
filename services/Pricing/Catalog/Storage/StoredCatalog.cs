using Billing.Contracts;
using Npgsql;

namespace Billing.Pricing.Catalog.Storage;

/// <summary>The catalog as it is at one number.</summary>
/// <param name="Number">That of the last fact that is in the state; 0: there is none.</param>
public sealed record KnownCatalog(long Number, CatalogState State)
{
    public static KnownCatalog Nothing { get; } = new(0, CatalogState.Empty);

    /// <exception cref="InvalidOperationException">A number was left out.</exception>
    public KnownCatalog With(long number, object fact) => number == Number + 1
        ? new(number, State.Evolve(fact))
        : throw new InvalidOperationException($"Fact {number} of the catalog cannot follow {Number}.");
}

/// <summary>
/// The catalog in memory, brought up to date from the stored facts whenever it is asked for. What was read is
/// kept for the next one, so that the usual question is a look behind the last number that finds nothing.
/// </summary>
public sealed class StoredCatalog
{
    private readonly Lock _one = new();
    private KnownCatalog _known = KnownCatalog.Nothing;

    /// <summary>
    /// At least as new as everything that was committed before the call, all of it at one number. Facts
    /// become visible in their order, so a number says what is in. To be asked once for what has to agree
    /// with itself, and never in a transaction that has put facts of its own behind.
    /// </summary>
    public async Task<KnownCatalog> Read(NpgsqlConnection connection, CancellationToken cancellation)
    {
        return Keep(await Read(connection, Last(), long.MaxValue, cancellation));
    }

    /// <summary>As it was at an earlier number. Made from the beginning: for what is rarely asked.</summary>
    public static Task<KnownCatalog> At(
        NpgsqlConnection connection, long number, CancellationToken cancellation) =>
        Read(connection, KnownCatalog.Nothing, number, cancellation);

    private static async Task<KnownCatalog> Read(
        NpgsqlConnection connection, KnownCatalog known, long upTo, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select number, wire_name, body from catalog_facts where number > $1 and number <= $2 "
            + "order by number", connection)
        {
            Parameters = { new() { Value = known.Number }, new() { Value = upTo } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
            known = known.With(rows.GetInt64(0), Message(rows.GetString(1), rows.GetFieldValue<byte[]>(2)));
        return known;
    }

    /// <exception cref="InvalidOperationException">A newer version of the service has written it.</exception>
    internal static object Message(string wireName, byte[] body) => WireNames.Find(wireName) is { } type
        ? ContractsJson.Read(type, body)
        : throw new InvalidOperationException($"The catalog holds {wireName}, which is not known here.");

    /// <summary>As it was read last, by whomever.</summary>
    public KnownCatalog Last()
    {
        lock (_one) return _known;
    }

    private KnownCatalog Keep(KnownCatalog read)
    {
        lock (_one) return _known = read.Number > _known.Number ? read : _known;
    }
}
