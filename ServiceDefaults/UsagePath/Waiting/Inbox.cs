using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Waiting;

/// <summary>
/// What HTTP and schedules leave for the one that owns the lane; it is taken and removed in one of its
/// transactions, under the same fence as facts.
/// </summary>
public interface IInboxHandler
{
    /// <summary>
    /// All effects of the rows, in the order given, within <see cref="InboxBatch.Transaction"/>; the caller
    /// removes the rows and commits. If it throws, it is as with <see cref="IFactHandler.Apply"/>.
    /// </summary>
    Task Apply(InboxBatch batch, CancellationToken cancellation);
}

/// <param name="Kind">Tells the handler what the body is.</param>
public sealed record InboxRow(
    Guid Id, int Lane, string Kind, ReadOnlyMemory<byte> Body, DateTimeOffset AskedAt);

/// <summary>Rows of lanes that are ours, taken in one transaction.</summary>
public sealed record InboxBatch(
    IReadOnlyList<InboxRow> Rows, BatchTransaction Transaction, DateTimeOffset Now);

/// <summary>Where they are left.</summary>
public sealed class Inbox
{
    private volatile bool _isPoked;

    /// <summary>
    /// In the caller's transaction; after its commit <see cref="Poke"/> saves the owner's wait. A row that is
    /// there already stays as it is.
    /// </summary>
    public static async Task Leave(
        NpgsqlConnection connection, IReadOnlyList<InboxRow> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0) return;

        await using var command = new NpgsqlCommand(
            "insert into lane_inbox (id, lane, kind, body, asked_at) "
            + "select * from unnest($1, $2, $3, $4, $5) on conflict (id) do nothing", connection)
        {
            Parameters =
            {
                new() { Value = rows.Select(row => row.Id).ToArray() },
                new() { Value = rows.Select(row => row.Lane).ToArray() },
                new() { Value = rows.Select(row => row.Kind).ToArray() },
                new() { Value = rows.Select(row => row.Body.ToArray()).ToArray() },
                new() { Value = rows.Select(row => row.AskedAt).ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Something was left or is to be redriven. Another process notices by itself.</summary>
    public void Poke() => _isPoked = true;

    internal bool WasPoked()
    {
        if (!_isPoked) return false;

        _isPoked = false;
        return true;
    }
}
