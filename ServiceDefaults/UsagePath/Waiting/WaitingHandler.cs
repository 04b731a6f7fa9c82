using Billing.Contracts;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Waiting;

/// <summary>What a service does with facts of one kind that wait for news of the catalog.</summary>
public interface IWaitingHandler
{
    /// <summary>The kind of the rows that it takes: <c>waiting_facts.kind</c>.</summary>
    string Kind { get; }

    /// <summary>
    /// Judges again, in the order given, within <see cref="WaitingBatch.Transaction"/>, and says what became
    /// of each; the caller removes or keeps the rows and commits.
    /// </summary>
    /// <returns>The ids of those that are done; the others go on waiting, judged by
    /// <see cref="WaitingBatch.CatalogNumber"/>.</returns>
    Task<IReadOnlyCollection<long>> Retry(WaitingBatch batch, CancellationToken cancellation);
}

public sealed record WaitingRow(
    long Id, string TenantId, long JudgedBy, ReadOnlyMemory<byte> Body, DateTimeOffset Since);

/// <param name="CatalogNumber">Read before the judging, so that news that comes in meanwhile is not
/// missed.</param>
public sealed record WaitingBatch(
    IReadOnlyList<WaitingRow> Rows, long CatalogNumber, BatchTransaction Transaction, DateTimeOffset Now);

/// <summary>How far the service knows the catalog.</summary>
public static class CatalogNumber
{
    /// <summary>
    /// To be read before anything of the catalog is looked up, and stored with what waits: then every later
    /// news has a higher number, whatever commits in between.
    /// </summary>
    public static async Task<long> Read(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // Pricing writes the catalog and does not read it.
        await using var command = new NpgsqlCommand(
            """
            select greatest(
                (select max(last_number) from read_lanes where topic = $1),
                (select max(last_number) from sent_lanes where topic = $1), 0)
            """, connection)
        {
            Parameters = { new() { Value = Topics.Catalog } },
        };
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
