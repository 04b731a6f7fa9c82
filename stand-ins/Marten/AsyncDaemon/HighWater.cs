using Npgsql;

namespace Marten.AsyncDaemon;

/// <summary>
/// The mark below which nothing will appear any more: every sequence number up to it is a row that everybody
/// sees, or will never be one.
/// <para>
/// Sequence numbers are taken before the commit, so rows become visible out of order and some numbers never
/// do. A number that is missing is either on its way or dead, and neither time nor the numbers around it
/// tell which. What tells is a lock: <c>nextval</c> takes <c>RowExclusiveLock</c> on the sequence before it
/// takes the number, and so does an insert on the table, and PostgreSQL keeps both until the transaction has
/// ended, and lets go of them only after its rows have become visible (or will never). So: read the last
/// number given out, S; then see who holds such a lock. When each of these transactions has ended, whoever
/// took a number up to S has ended too, and the mark may go to S. Transactions that merely run, however
/// long, hold nothing up; one that has taken a number and stays open holds the mark exactly below the first
/// number that is missing.
/// </para>
/// <para>
/// Transaction ids would not do: a transaction has none yet when it takes its first number, so no snapshot
/// shows it. The sequence must not be cached (it is not, neither here nor in the real package), and nobody
/// may take numbers in one transaction and use them in another.
/// </para>
/// </summary>
internal sealed class HighWater(StoreParts parts) : IDisposable
{
    private const int Stride = 10_000;

    private readonly SemaphoreSlim one = new(1, 1);
    private HashSet<string> awaited = [];
    private long upTo;
    private bool loaded;

    /// <summary>Only grows.</summary>
    public long Mark { get; private set; }

    /// <summary>There are numbers above the mark: look again soon.</summary>
    public bool Unsettled { get; private set; }

    public async Task<long> Detect(CancellationToken token)
    {
        await one.WaitAsync(token);
        try
        {
            await using var connection = await parts.Options.DataSource!.OpenConnectionAsync(token);
            if (!loaded) Mark = await Stored(connection, token);
            loaded = true;

            var (last, holders) = await Look(connection, token);
            Settle(last, holders);
            if (Mark < last) await Walk(connection, last, token);
            Unsettled = Mark < last;

            return Mark;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Where the next start begins to look; and what others see of the mark.</summary>
    public async Task Store(CancellationToken token)
    {
        await using var connection = await parts.Options.DataSource!.OpenConnectionAsync(token);
        await using var transaction = await connection.BeginTransactionAsync(token);

        // A crash may take this back: the mark is found again from any earlier one.
        await using var command = new NpgsqlCommand(
            $"set local synchronous_commit = off; insert into {parts.Names.Progression} as held"
            + $" (name, last_seq_id, last_updated) values ('HighWaterMark', {Mark}, transaction_timestamp())"
            + " on conflict (name) do update set last_updated = excluded.last_updated,"
            + " last_seq_id = greatest(held.last_seq_id, excluded.last_seq_id)",
            connection,
            transaction);
        await command.ExecuteNonQueryAsync(token);
        await transaction.CommitAsync(token);
    }

    public void Dispose() => one.Dispose();

    private void Settle(long last, HashSet<string> holders)
    {
        // A prepared transaction holds its locks under another name than before: wait for any of those.
        awaited.RemoveWhere(holder => !holders.Contains(holder));
        if (awaited.Count > 0 || (upTo > Mark && holders.Any(IsPrepared))) return;

        // Everybody who could have had a number up to there has ended. Looking on from here, with nobody
        // holding a lock, nobody needs to be awaited.
        Mark = Math.Max(Mark, upTo);
        if (holders.Count == 0) Mark = Math.Max(Mark, last);
        (upTo, awaited) = (last, holders);
    }

    /// <summary>Over the rows that follow each other without a hole, which need no waiting.</summary>
    private async Task Walk(NpgsqlConnection connection, long last, CancellationToken token)
    {
        long before;
        do
        {
            before = Mark;
            await using var command = new NpgsqlCommand(
                $"select max(seq_id) from (select seq_id, row_number() over (order by seq_id) as place"
                + $" from (select seq_id from {parts.Names.Events} where seq_id > $1 order by seq_id"
                + $" limit {Stride}) as next) as run where seq_id = $1 + place",
                connection);
            command.Parameters.Add(new() { Value = before });
            if (await command.ExecuteScalarAsync(token) is long end) Mark = Math.Min(end, last);
        }
        while (Mark == before + Stride);
    }

    // The order of the two statements is the point: the number first, then the locks. Rows that this process
    // has committed follow each other without a hole most of the time; then nobody needs to be asked.
    private async Task<(long Last, HashSet<string> Holders)> Look(
        NpgsqlConnection connection, CancellationToken token)
    {
        await using var numbers = new NpgsqlCommand(
            $"select case when is_called then last_value else 0 end from {parts.Names.Sequence}", connection);
        var last = (long)(await numbers.ExecuteScalarAsync(token))!;
        while (Mark < last && parts.Recent.Has(Mark + 1)) Mark++;
        if (last <= Mark) return (last, []);

        await using var locks = new NpgsqlCommand(
            "select distinct virtualtransaction from pg_locks where locktype = 'relation'"
            + " and database = (select oid from pg_database where datname = current_database())"
            + " and relation in ($1::regclass, $2::regclass) and mode = 'RowExclusiveLock' and granted",
            connection);
        locks.Parameters.Add(new() { Value = parts.Names.Sequence });
        locks.Parameters.Add(new() { Value = parts.Names.Events });
        var holders = new HashSet<string>();
        await using var rows = await locks.ExecuteReaderAsync(token);
        while (await rows.ReadAsync(token)) holders.Add(rows.GetString(0));

        return (last, holders);
    }

    private async Task<long> Stored(NpgsqlConnection connection, CancellationToken token)
    {
        await using var command = new NpgsqlCommand(
            $"select last_seq_id from {parts.Names.Progression} where name = 'HighWaterMark'", connection);

        return await command.ExecuteScalarAsync(token) as long? ?? 0;
    }

    private static bool IsPrepared(string holder) => holder.StartsWith('-');
}
