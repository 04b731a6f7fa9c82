using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Npgsql;

namespace Billing.Pricing.Schedules;

/// <summary>
/// Looks every second at what is due by the service's clock, answers to closings, fees and merged ratings,
/// and leaves it to
/// the owners of the lanes. Several processes may look at once.
/// </summary>
internal sealed partial class LeaveDue(
    ServiceDatabase database, Inbox inbox, TimeProvider time, ILogger<LeaveDue> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    public static async Task<long> Look(
        NpgsqlDataSource writer, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = writer.CreateCommand("select leave_due($1, $2) + leave_windows_due($2)");
        command.Parameters.Add(new() { Value = Topics.Usage });
        command.Parameters.Add(new() { Value = now });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                if (await Look(database.Writer, time.GetUtcNow(), stoppingToken) > 0) inbox.Poke();
            }
            catch (NpgsqlException away)
            {
                Later(away.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is due is looked at later: {Why}")]
    private partial void Later(string why);
}
