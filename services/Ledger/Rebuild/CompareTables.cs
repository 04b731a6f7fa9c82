using System.Globalization;
using System.Numerics;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// Whether a table has the same rows as its shadow: how many, and the sum of a hash of each, which does not
/// ask in what order they lie.
/// </summary>
internal static class CompareTables
{
    /// <param name="live">In a snapshot that is at the shadow's position.</param>
    public static async Task<Comparison> Of(
        string table, NpgsqlConnection live, NpgsqlConnection shadow, CancellationToken cancellation)
    {
        var both = await Task.WhenAll(
            Digest(live, $"public.{table}", cancellation), Digest(shadow, $"rebuild.{table}", cancellation));
        return new(
            table, both[0], both[1],
            both[0] == both[1] ? null : await FirstDifference.Of(table, live, shadow, cancellation));
    }

    private static async Task<Digest> Digest(
        NpgsqlConnection connection, string table, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"select count(*), coalesce(sum(hash_record_extended(r, 1)), 0)::text from {table} as r",
            connection)
        { CommandTimeout = 0 };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(row.GetInt64(0), BigInteger.Parse(
            row.GetString(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }
}

/// <summary>The rows of a table in two numbers.</summary>
internal readonly record struct Digest(long Rows, BigInteger Hashes);

/// <param name="Difference">The first row that differs, in words; null where none does.</param>
internal sealed record Comparison(string Table, Digest Live, Digest Shadow, string? Difference)
{
    public bool IsSame => Live == Shadow;
}
