using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Makes the partitions of this month and the three after it, at start and four times a day. Without them
/// nothing is lost, but what lies in the default partition cannot be dropped by the month.
/// </summary>
public sealed partial class MakePartitions(
    ServiceDatabase database, TimeProvider time, ILogger<MakePartitions> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(6);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var make = database.Writer.CreateCommand("select make_usage_partitions($1)");
                make.Parameters.Add(new() { Value = time.GetUtcNow() });
                await make.ExecuteNonQueryAsync(stoppingToken);
                await Task.Delay(Pause, time, stoppingToken);
            }
            catch (NpgsqlException failed)
            {
                CannotMake(logger, failed);
                await Task.Delay(TimeSpan.FromMinutes(1), time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Partitions of the next months could not be made")]
    private static partial void CannotMake(ILogger logger, Exception failed);
}
