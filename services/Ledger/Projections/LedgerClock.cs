using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>Which position was readable when: a past moment names a position for ever.</summary>
internal static class LedgerClock
{
    // A clock that was set back, or another process's, does not take a reading back.
    private const string Insert =
        """
        insert into ledger_clock (position, readable_at)
        select $1, greatest($2, (select max(readable_at) from ledger_clock) + interval '1 microsecond')
        where $1 > coalesce((select max(position) from ledger_clock), 0)
        """;

    /// <param name="position">Readable already: what made it so is committed.</param>
    public static async Task Tick(
        long position, TimeProvider time, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var alone = new NpgsqlCommand("select ledger_clock_lock()", connection);
        await alone.ExecuteNonQueryAsync(cancellation);

        // Only now: who has asked about a moment so far has asked about an earlier one.
        await using var tick = new NpgsqlCommand(Insert, connection)
        {
            Parameters = { new() { Value = position }, new() { Value = time.GetUtcNow() } },
        };
        await tick.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>
    /// The last position that was readable at a moment, which must not be in the future; 0 before the first.
    /// </summary>
    public static async Task<long> PositionAt(
        DateTimeOffset moment, NpgsqlDataSource staff, CancellationToken cancellation)
    {
        await using var command = staff.CreateCommand("select ledger_position_at($1)");
        command.Parameters.Add(new() { Value = moment.ToUniversalTime() });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
