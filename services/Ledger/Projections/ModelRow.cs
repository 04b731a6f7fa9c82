using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>How far a read model is.</summary>
/// <param name="StoppedBefore">The position of the event that it could not take in; null: it runs.</param>
/// <param name="StoppedBecause">A sentence for people.</param>
internal sealed record ModelRow(string Name, long Position, long? StoppedBefore, string? StoppedBecause)
{
    private const string Table = "ledger_models";

    private const string Update =
        """
        update ledger_models as held
        set position = p, stopped_before = s, stopped_because = b
        from unnest($1, $2, $3, $4) as rows (n, p, s, b) where held.name = n
        """;

    public bool IsStopped => StoppedBecause is not null;

    /// <summary>
    /// All of them; those that are named are locked until the transaction ends, so that nobody else writes
    /// them meanwhile.
    /// </summary>
    public static async Task<Dictionary<string, ModelRow>> Lock(
        IEnumerable<string> names, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var alone = new NpgsqlCommand(
            $"select from {Table} where name = any ($1) order by name for update", connection)
        {
            Parameters = { new() { Value = names.ToArray() } },
        };
        await alone.ExecuteNonQueryAsync(cancellation);
        return await Look(connection, cancellation);
    }

    public static Task<Dictionary<string, ModelRow>> Look(
        NpgsqlConnection connection, CancellationToken cancellation, string table = Table) =>
        Read(connection, Select(table), cancellation);

    public static void Write(NpgsqlBatch batch, IReadOnlyList<ModelRow> rows) => Columns.Add(
        batch, Update,
        Columns.Of(rows, row => row.Name),
        Columns.Of(rows, row => row.Position),
        Columns.Of(rows, row => row.StoppedBefore),
        Columns.Of(rows, row => row.StoppedBecause));

    private static string Select(string table) =>
        $"select name, position, stopped_before, stopped_because from {table} order by name";

    private static async Task<Dictionary<string, ModelRow>> Read(
        NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new Dictionary<string, ModelRow>();
        while (await rows.ReadAsync(cancellation))
            found.Add(rows.GetString(0), new(
                rows.GetString(0), rows.GetInt64(1), rows.IsDBNull(2) ? null : rows.GetInt64(2),
                rows.IsDBNull(3) ? null : rows.GetString(3)));
        return found;
    }
}
