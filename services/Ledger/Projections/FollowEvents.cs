using Billing.ServiceDefaults.Database;
using Marten.Events.Daemon.Coordination;

namespace Billing.Ledger.Projections;

/// <summary>
/// Reads the event store up to Marten's high-water mark, below which nothing will appear any more, and hands
/// each page to all read models. What this process has committed it has at hand; the rest it reads by itself,
/// because Marten would make more of each row than they need.
/// The mark grows in the process that runs the daemon, so that only that one follows; were there two for a
/// moment, the positions of the read models keep them from taking anything in twice.
/// </summary>
internal sealed partial class FollowEvents(
    KeepReadModels models, FreshEvents fresh, IProjectionCoordinator coordinator, ServiceDatabase database,
    TimeProvider time, ILogger<FollowEvents> logger) : BackgroundService
{
    // A page has its price whatever is in it, so small ones do not follow each other at once.
    private const int Small = 1_000;

    private static readonly TimeSpan AfterSmall = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(1);

    private long _position;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
            try
            {
                // Also what a version before this one stopped on, and this one knows.
                _position = await models.CatchUp(stoppingToken);
                await Follow(stoppingToken);
            }
            catch (UnreadableEventException unreadable)
            {
                await StopBefore(unreadable, stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(logger, _position, failure);
                await Task.Delay(AfterTrouble, time, stoppingToken);
            }
    }

    private async Task Follow(CancellationToken stopping)
    {
        var daemon = coordinator.DaemonForMainDatabase();
        while (true)
        {
            var (from, mark) = (_position, daemon.HighWaterMark());
            fresh.IsRead = mark > 0;
            if (mark > from) await UpTo(mark, stopping);
            await Task.Delay(mark > from && mark - from < Small ? AfterSmall : BetweenLooks, time, stopping);
        }
    }

    /// <summary>The next page is read while one is written.</summary>
    private async Task UpTo(long mark, CancellationToken stopping)
    {
        var next = Read(_position, mark, stopping);
        try
        {
            while (_position < mark)
            {
                var page = await next;
                if (page.Ceiling < mark) next = Read(page.Ceiling, mark, stopping);
                _position = await models.Take(page, stopping);
                ModelMetrics.Took(page.Events.Count);
            }
        }
        finally
        {
            // Left behind by an error, which says what there is to say.
            await next.ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task<EventPage> Read(long after, long mark, CancellationToken stopping)
    {
        if (fresh.Take(after, mark, KeepReadModels.LargestPage) is { } page) return page;

        await using var connection = await database.Writer.OpenConnectionAsync(stopping);
        return await StoredEvents.Page(after, mark, KeepReadModels.LargestPage, connection, stopping);
    }

    private async Task StopBefore(UnreadableEventException unreadable, CancellationToken stopping)
    {
        try
        {
            await models.StopBefore(_position, unreadable, stopping);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            Failed(logger, _position, failure);
        }

        await Task.Delay(AfterTrouble, time, stopping);
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The read models did not get beyond {Position}; trying again")]
    private static partial void Failed(ILogger logger, long position, Exception failure);
}
