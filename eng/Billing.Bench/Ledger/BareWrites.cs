using System.Diagnostics;
using Npgsql;

namespace Billing.Bench.Ledger;

/// <summary>
/// The rows that a Ledger has written, taken out of its tables and written again into equal tables with equal
/// indexes: by binary COPY in transactions of the same size, and one charge a transaction. Neither decides,
/// reckons or reads anything.
/// </summary>
internal sealed class BareWrites
{
    private static readonly (string Table, string Position)[] Tables =
        [("events.mt_events", "seq_id"), ("public.charges", "position"), ("public.journal_entries", "position")];

    private readonly List<byte[][]> _batches;
    private readonly List<long> _positions;

    private BareWrites(List<byte[][]> batches, List<long> positions, int batchSize) =>
        (_batches, _positions, BatchSize) = (batches, positions, batchSize);

    public int BatchSize { get; }

    public long Bytes => _batches.Sum(batch => batch.Sum(part => (long)part.Length));

    public static async Task<BareWrites> Of(
        NpgsqlDataSource data, int batchSize, CancellationToken cancellation)
    {
        await using var connection = await data.OpenConnectionAsync(cancellation);
        var positions = new List<long>();
        await using (var command = new NpgsqlCommand("select seq_id from events.mt_events order by 1", connection))
        await using (var rows = await command.ExecuteReaderAsync(cancellation))
            while (await rows.ReadAsync(cancellation)) positions.Add(rows.GetInt64(0));

        var batches = new List<byte[][]>();
        for (var from = 0; from < positions.Count; from += batchSize)
        {
            var last = positions[Math.Min(from + batchSize, positions.Count) - 1];
            var parts = new byte[Tables.Length][];
            for (var table = 0; table < Tables.Length; table++)
                parts[table] = await CopyOut(connection, Tables[table], positions[from], last, cancellation);
            batches.Add(parts);
        }

        return new(batches, positions, batchSize);
    }

    /// <summary>Charges a second.</summary>
    public async Task<long> Copy(NpgsqlDataSource data, CancellationToken cancellation)
    {
        await using var connection = await data.OpenConnectionAsync(cancellation);
        await MakeTables(connection, "copied", cancellation);
        var clock = Stopwatch.StartNew();
        foreach (var batch in _batches)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            for (var table = 0; table < Tables.Length; table++)
            {
                await using var into = await connection.BeginRawBinaryCopyAsync(
                    $"copy {In("copied", Tables[table].Table)} from stdin binary", cancellation);
                await into.WriteAsync(batch[table], cancellation);
            }

            await transaction.CommitAsync(cancellation);
        }

        var took = clock.Elapsed;
        await ShouldHave(connection, "copied", _positions.Count, cancellation);
        return (long)(_positions.Count / took.TotalSeconds);
    }

    /// <summary>Charges a second.</summary>
    public async Task<long> OneByOne(NpgsqlDataSource data, int most, CancellationToken cancellation)
    {
        await using var connection = await data.OpenConnectionAsync(cancellation);
        await MakeTables(connection, "alone", cancellation);
        var count = Math.Min(most, _positions.Count);
        var clock = Stopwatch.StartNew();
        foreach (var position in _positions.Take(count))
        {
            // One round trip, and a commit of its own.
            await using var batch = new NpgsqlBatch(connection);
            foreach (var (table, column) in Tables)
                batch.BatchCommands.Add(
                    new($"insert into {In("alone", table)} select * from {table} where {column} = $1")
                    {
                        Parameters = { new() { Value = position } },
                    });
            await batch.PrepareAsync(cancellation);
            await batch.ExecuteNonQueryAsync(cancellation);
        }

        var took = clock.Elapsed;
        await ShouldHave(connection, "alone", count, cancellation);
        return (long)(count / took.TotalSeconds);
    }

    private static string In(string schema, string table) => $"{schema}.{table[(table.IndexOf('.') + 1)..]}";

    private static async Task MakeTables(NpgsqlConnection connection, string schema, CancellationToken cancellation)
    {
        var make = $"drop schema if exists {schema} cascade; create schema {schema}; " + string.Join(
            ' ', Tables.Select(table => $"create table {In(schema, table.Table)} (like {table.Table} including all);"));
        await using var command = new NpgsqlCommand(make + " checkpoint;", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task ShouldHave(
        NpgsqlConnection connection, string schema, int charges, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select count(*) from {schema}.charges", connection);
        if ((long)(await command.ExecuteScalarAsync(cancellation))! is var found && found != charges)
            throw new BenchFailed($"{found} of {charges} charges were written again.");
    }

    private static async Task<byte[]> CopyOut(
        NpgsqlConnection connection, (string Table, string Position) of, long from, long until,
        CancellationToken cancellation)
    {
        await using var rows = await connection.BeginRawBinaryCopyAsync(
            $"copy (select * from {of.Table} where {of.Position} between {from} and {until} order by {of.Position}) "
            + "to stdout binary", cancellation);
        using var bytes = new MemoryStream();
        await rows.CopyToAsync(bytes, cancellation);
        return bytes.ToArray();
    }
}
