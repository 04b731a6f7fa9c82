using Billing.ServiceDefaults.Database;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Looks every few seconds at what waits for a person: stopped lanes, what is parked, what waits. So neither
/// metrics nor health checks ask the database. A stopped lane is no reason to send no requests: degraded.
/// </summary>
internal sealed partial class PathState(
    ServiceDatabase database, TimeProvider time, ILogger<PathState> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private volatile string? _stopped;

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_stopped is { } stopped
            ? HealthCheckResult.Degraded(stopped)
            : HealthCheckResult.Healthy());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await Look(stoppingToken);
            }
            catch (NpgsqlException away)
            {
                NotLooked(away.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Look(CancellationToken cancellation)
    {
        await using var batch = database.Writer.CreateBatch();
        batch.BatchCommands.Add(new(
            """
            select topic, count(*) filter (where stopped_because is not null),
                   min(lane) filter (where stopped_because is not null)
            from read_lanes group by topic
            """));
        batch.BatchCommands.Add(new("select topic, count(*) from parked_facts group by topic"));
        batch.BatchCommands.Add(new("select kind, count(*) from waiting_facts group by kind"));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var stopped = new List<string>();
        while (await rows.ReadAsync(cancellation))
        {
            PathMetrics.Stopped(rows.GetString(0), rows.GetInt64(1));
            if (rows.GetInt64(1) > 0)
                stopped.Add($"{rows.GetInt64(1)} of {rows.GetString(0)}, lane {rows.GetInt32(2)} first");
        }

        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) PathMetrics.Parked(rows.GetString(0), rows.GetInt64(1));
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) PathMetrics.Waiting(rows.GetString(0), rows.GetInt64(1));
        _stopped = stopped.Count == 0 ? null : $"Lanes are stopped: {string.Join("; ", stopped)}.";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state of the usage path is not known: {Why}")]
    private partial void NotLooked(string why);
}
