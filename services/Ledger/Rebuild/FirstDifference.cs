using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// Walks along both tables in the order of their keys, to the first rows that are not the same.
/// </summary>
internal static class FirstDifference
{
    private const string Key =
        """
        select string_agg(quote_ident(a.attname), ', ' order by k.place)
        from pg_index i cross join unnest(i.indkey::smallint[]) with ordinality as k (number, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
        where i.indisprimary and i.indrelid = $1::regclass
        """;

    /// <returns>In words; null where there is none.</returns>
    public static async Task<string?> Of(
        string table, NpgsqlConnection live, NpgsqlConnection shadow, CancellationToken cancellation)
    {
        await using var key = new NpgsqlCommand(Key, live)
        {
            Parameters = { new() { Value = $"public.{table}" } },
        };
        var order = (string)(await key.ExecuteScalarAsync(cancellation))!;
        await using var ours = Rows($"public.{table}", order, live);
        await using var theirs = Rows($"rebuild.{table}", order, shadow);
        await using var old = await ours.ExecuteReaderAsync(cancellation);
        await using var made = await theirs.ExecuteReaderAsync(cancellation);
        while (true)
        {
            var (before, now) = (await Next(old, cancellation), await Next(made, cancellation));
            if (before != now) return $"first live {before ?? "nothing"}, rebuilt {now ?? "nothing"}";
            if (before is null) return null;
        }
    }

    private static NpgsqlCommand Rows(string table, string order, NpgsqlConnection connection) =>
        new($"select r::text from {table} as r order by {order}", connection) { CommandTimeout = 0 };

    private static async Task<string?> Next(NpgsqlDataReader rows, CancellationToken cancellation) =>
        await rows.ReadAsync(cancellation) ? rows.GetString(0) : null;
}
