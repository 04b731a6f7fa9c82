using System.Diagnostics;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten.Sessions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Source = Marten.Events.Projections.ProjectionOptions.Source;

namespace Marten.AsyncDaemon;

/// <summary>
/// Runs one projection or subscription, page after page, in the order of the sequence. A page's effects and
/// the progress are one transaction, which fails unless the progress is where this agent left it: so nothing
/// is done twice, whoever else runs the shard.
/// </summary>
internal sealed partial class ShardAgent(
    DocumentStore store, Source source, HighWater highWater, Signal marked, ShardStateTracker tracker,
    ILogger logger)
    : ISubscriptionAgent, IDisposable
{
    private const int Attempts = 3;

    private readonly Progress progress = new(store.Parts);
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;
    private long? pausedAt;

    public ShardName Name => source.Shard;
    public AgentStatus Status { get; private set; } = AgentStatus.Stopped;
    public long Position { get; private set; }

    /// <summary>How long ago it paused; null while it has not.</summary>
    public TimeSpan? PausedFor => pausedAt is { } at ? Stopwatch.GetElapsedTime(at) : null;

    public Source Source => source;

    /// <summary>Returns when the place to go on from is known.</summary>
    public async Task Start(CancellationToken token)
    {
        Position = await FirstPosition(token);
        Status = AgentStatus.Running;
        Publish(ShardAction.Started);
        running = Task.Run(Run, CancellationToken.None);
    }

    public async Task Stop()
    {
        await stopping.CancelAsync();
        await running;
        Status = AgentStatus.Stopped;
        Publish(ShardAction.Stopped);
    }

    public void Dispose() => stopping.Dispose();

    /// <summary>Up to a sequence that is not above the high-water mark, in the caller's own time.</summary>
    /// <param name="rebuilding">Listeners are not told, and other errors are passed over.</param>
    public async Task CatchUp(long target, bool rebuilding, CancellationToken token)
    {
        Position = await FirstPosition(token);
        await RunTo(target, rebuilding, token);
    }

    private async Task RunTo(long target, bool rebuilding, CancellationToken token)
    {
        Task<Page>? ahead = null;
        try
        {
            while (Position < target)
            {
                var page = await (ahead ?? Load(Position, target, rebuilding, token));
                ahead = page.More ? Load(page.Ceiling, target, rebuilding, token) : null;
                await Apply(page, rebuilding, token);
            }
        }
        finally
        {
            // Left behind by an error; what it says is said by the error.
            if (ahead is not null) await ahead.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task Run()
    {
        var token = stopping.Token;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                while (true)
                {
                    var next = marked.Next;
                    if (highWater.Mark > Position)
                    {
                        await RunTo(highWater.Mark, rebuilding: false, token);
                        attempt = 1;
                    }
                    else await next.WaitAsync(token);
                }
            }
            catch (Exception) when (token.IsCancellationRequested)
            {
                // Whatever was under way is rolled back, and done again by whoever goes on.
                return;
            }
            catch (Exception failure) when (attempt < Attempts && IsPassing(failure))
            {
                Retrying(logger, Name.Identity, attempt, failure);
                if (!await Rested(attempt, token)) return;
            }
            catch (Exception failure)
            {
                Pause(failure);
                return;
            }
        }
    }

    /// <summary>The page may have been committed after all, so the progress is read again.</summary>
    private async Task<bool> Rested(int attempt, CancellationToken token)
    {
        try
        {
            await Task.Delay(50 << attempt, token);
            Position = await FirstPosition(token);

            return true;
        }
        catch (Exception) when (token.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception failure)
        {
            Pause(failure);

            return false;
        }
    }

    // What a moment's rest may cure; a refusal of the statement itself is not among it.
    private static bool IsPassing(Exception failure) =>
        (failure as NpgsqlException ?? failure.InnerException as NpgsqlException)?.IsTransient == true;

    private void Pause(Exception failure)
    {
        pausedAt = Stopwatch.GetTimestamp();
        Status = AgentStatus.Paused;
        Paused(logger, Name.Identity, Position, failure);
        tracker.Publish(new(Name, Position) { Action = ShardAction.Paused, Exception = failure });
    }

    private async Task<long> FirstPosition(CancellationToken token)
    {
        if (await progress.Of(Name, token) is { } known) return known;

        // Kept at once: a start "from the present" must not find a later present after a crash.
        var start = source.Settings.Options.Start;
        var floor = start is null ? 0 : await start(new(
            await highWater.Detect(token), moment => progress.FloorAt(moment, highWater.Mark, token)));
        await progress.Begin(Name, floor, token);

        return await progress.Of(Name, token) ?? floor;
    }

    private Task<Page> Load(long floor, long mark, bool rebuilding, CancellationToken token) =>
        new PageLoader(store.Parts, source.Settings.IncludedEventTypes, source.Settings.Options.BatchSize)
            .Load(floor, mark, Errors(rebuilding), token);

    private ErrorHandlingOptions Errors(bool rebuilding)
    {
        var projections = store.Parts.Options.Projections;

        return rebuilding ? projections.RebuildErrors : projections.Errors;
    }

    private async Task Apply(Page page, bool rebuilding, CancellationToken token)
    {
        var errors = Errors(rebuilding);
        var dead = page.Skipped.Select(skipped => Letter(skipped.Sequence, skipped.Why)).ToList();
        await using var session = new DocumentSession(store, new())
        {
            SkipApplyError = errors.SkipApplyErrors
                ? (e, why) => dead.Add(Letter(e.Sequence, why)) : null,
        };
        if (!rebuilding) session.CommitListeners.AddRange(store.Parts.Options.Projections.AsyncListeners);

        var controller = new Controller(
            Name, source.Settings.Options, errors, (e, why) => dead.Add(Letter(e.Sequence, why)));
        if (page.Events.Count > 0) await Work(page, session, controller, token);

        session.Store<DeadLetterEvent>(dead);
        var ceiling = controller.LastProcessed ?? page.Ceiling;
        session.First(progress.Move(Name, Position, ceiling));
        await session.SaveChangesAsync(token);
        Position = ceiling;
        Publish(ShardAction.Updated);
        if (controller.Failure is { } failure) throw failure;
    }

    private async Task Work(
        Page page, DocumentSession session, Controller controller, CancellationToken token)
    {
        if (source.Projection is { } projection)
        {
            await projection.ApplyAsync(session, page.Events, token);
            return;
        }

        var range = new EventRange(Name, page.Floor, page.Ceiling) { Events = page.Events };
        var listener = await source.Subscription!.ProcessEventsAsync(range, controller, session, token);
        session.CommitListeners.Add(listener);
        if (controller is { Failure: { } failure, LastProcessed: null }) throw failure;
    }

    private DeadLetterEvent Letter(long sequence, Exception why) => new()
    {
        Id = Guid.CreateVersion7(),
        EventSequence = sequence,
        ProjectionName = Name.Name,
        ShardName = Name.ShardKey,
        Timestamp = store.Parts.Options.Events.TimeProvider.GetUtcNow(),
        ExceptionType = (why.InnerException ?? why).GetType().FullName!,
        ExceptionMessage = why.Message,
    };

    private void Publish(ShardAction action) => tracker.Publish(new(Name, Position) { Action = action });

    [LoggerMessage(Level = LogLevel.Error, Message = "Shard {Shard} has paused at {Position}")]
    private static partial void Paused(ILogger logger, string shard, long position, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} tries again after attempt {Attempt}")]
    private static partial void Retrying(ILogger logger, string shard, int attempt, Exception failure);

    private sealed class Controller(
        ShardName name, AsyncOptions options, ErrorHandlingOptions errors, Action<IEvent, Exception> setAside)
        : ISubscriptionController
    {
        public ShardName Name => name;
        public AsyncOptions Options => options;
        public ErrorHandlingOptions ErrorOptions => errors;
        public Exception? Failure { get; private set; }
        public long? LastProcessed { get; private set; }

        public Task ReportCriticalFailureAsync(Exception ex)
        {
            (Failure, LastProcessed) = (ex, null);
            return Task.CompletedTask;
        }

        public Task ReportCriticalFailureAsync(Exception ex, long lastProcessed)
        {
            (Failure, LastProcessed) = (ex, lastProcessed);
            return Task.CompletedTask;
        }

        public Task RecordDeadLetterEventAsync(IEvent e, Exception ex)
        {
            setAside(e, ex);
            return Task.CompletedTask;
        }
    }
}
