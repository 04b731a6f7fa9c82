using Billing.Ledger.Projections;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ledger.Queries;

/// <summary>Whether charges can be asked for, and up to which event.</summary>
public static class OverageHealth
{
    public const string Route = "/api/overages/health";

    /// <param name="Status">healthy, or degraded while a read model stands.</param>
    /// <param name="Position">Every event up to it is in every read model.</param>
    /// <param name="Stopped">The read models that stand.</param>
    public sealed record Answer(
        string Status, DateTimeOffset Timestamp, long Position, IReadOnlyList<string> Stopped);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Get).AllowAnonymous().WithTags("Charges").WithName("GetOverageHealth")
            .WithSummary("Whether charges can be asked for, and up to which event.");

    private static async Task<Ok<Answer>> Get(
        ServiceDatabase database, TimeProvider time, CancellationToken cancellation)
    {
        await using var connection = await database.Staff.OpenConnectionAsync(cancellation);
        var rows = (await ModelRow.Look(connection, cancellation)).Values;
        List<string> stopped = [.. rows.Where(row => row.IsStopped).Select(row => row.Name)];
        return TypedResults.Ok(new Answer(
            stopped.Count == 0 ? "healthy" : "degraded", time.GetUtcNow(), rows.Min(row => row.Position),
            stopped));
    }
}
