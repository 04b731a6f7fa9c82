using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ingestion.Retention;

/// <summary>
/// Removes the bytes of events, whole months of them, when they are older than
/// <c>Retention:OriginalsMonths</c> and nobody needs them; what that means is decided in the database
/// (Migrations/0022-retention.sql). Without the setting everything is kept. Keys are kept always.
/// </summary>
public sealed partial class RemoveOriginals(
    ServiceDatabase database, int? months, TimeProvider time, ILogger<RemoveOriginals> logger)
    : BackgroundService
{
    public const string Setting = "Retention:OriginalsMonths";

    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <summary>For <c>Program.cs</c>.</summary>
    /// <exception cref="CannotStartException">The setting is no number of months from 1 on.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        var months = builder.Configuration.Optional(Setting, 0);
        if (months < 0 || (months == 0 && builder.Configuration[Setting] is { Length: > 0 }))
            throw new CannotStartException(
                $"Configuration '{Setting}' is the number of whole months to keep, 1 or more.");

        builder.Services.AddHostedService(services => new RemoveOriginals(
            services.GetRequiredService<ServiceDatabase>(), months == 0 ? null : months,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<RemoveOriginals>>()));
    }

    /// <summary>
    /// Everything before this moment may go: with 3 months, in May whatever is older than February.
    /// </summary>
    public static DateTimeOffset Before(DateTimeOffset now, int months)
    {
        var utc = now.UtcDateTime;
        return new DateTimeOffset(utc.Year, utc.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(-months);
    }

    /// <summary>Once, now.</summary>
    public async Task Remove(DateTimeOffset before, CancellationToken cancellation)
    {
        await using var command = database.Writer.CreateCommand(
            "select month, is_removed, kept_because from remove_usage_originals($1)");
        command.Parameters.Add(new() { Value = before });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
            if (rows.GetBoolean(1)) Removed(logger, rows.GetString(0));
            else Kept(logger, rows.GetString(0), rows.GetString(2));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (months is not { } kept) return;

        using var timer = new PeriodicTimer(Pause, time);
        do
        {
            try
            {
                await Remove(Before(time.GetUtcNow(), kept), stoppingToken);
            }
            catch (NpgsqlException trouble)
            {
                // Its lock, or the database, may be there in an hour; nothing is in a hurry.
                NotNow(logger, trouble.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed the originals received in {Month}")]
    private static partial void Removed(ILogger logger, string month);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Keeps the originals received in {Month} for now: {Reason}")]
    private static partial void Kept(ILogger logger, string month, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Originals are removed later: {Trouble}")]
    private static partial void NotNow(ILogger logger, string trouble);
}
