using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.Database.Idempotency;

/// <summary>
/// Removes expired keys from time to time. Keys expire by themselves; this only frees the space.
/// </summary>
internal sealed class IdempotencySweep(
    IdempotencyKeys keys, TimeProvider time, ILogger<IdempotencySweep> logger)
    : BackgroundService
{
    private static readonly TimeSpan period = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await keys.Sweep(stoppingToken);
            }
            catch (NpgsqlException away)
            {
                logger.LogWarning(away, "Expired Idempotency-Keys stay until the next sweep");
            }
        }
    }
}
