using System.Threading.Channels;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Ingestion.Usage;

/// <summary>
/// HTTP callers share transactions: whoever arrived during the commit before goes into the next one. Nobody
/// waits for a timer, so a lonely caller is as fast as the disk.
/// </summary>
public sealed partial class CommitTogether(
    AcceptUsage accept, OpenBatch open, TimeProvider time, ILogger<CommitTogether> logger) : BackgroundService
{
    /// <summary>While one transaction waits for the disk the other can work.</summary>
    private const int Committers = 2;

    private const int MostCalls = 4_096, MostEvents = 50_000, MostInTransaction = 4_000;
    private const long MostBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1)];

    private readonly Channel<Call> _calls = Channel.CreateBounded<Call>(MostCalls);
    private long _events, _bytes;

    /// <summary>Done when it is committed.</summary>
    /// <returns>One verdict for each arrival; null where there is no room at the moment.</returns>
    /// <exception cref="NpgsqlException">
    /// The database does not answer; nothing is known of the events.
    /// </exception>
    public Task<IReadOnlyList<Verdict>>? Take(IReadOnlyList<Arrival> arrivals)
    {
        var call = new Call(arrivals);
        var hasRoom = Interlocked.Add(ref _events, arrivals.Count) <= MostEvents
            & Interlocked.Add(ref _bytes, call.Bytes) <= MostBytes;
        if (hasRoom && _calls.Writer.TryWrite(call)) return call.Verdicts.Task;

        Leave(call);
        return null;
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        // What is waiting is still committed.
        _calls.Writer.TryComplete();
        return base.StopAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Committers).Select(_ => Task.Run(Work, CancellationToken.None)));

    private async Task Work()
    {
        var calls = new List<Call>();
        while (await _calls.Reader.WaitToReadAsync())
        {
            calls.Clear();
            for (var events = 0; events < MostInTransaction && _calls.Reader.TryRead(out var call);)
            {
                calls.Add(call);
                events += call.Arrivals.Count;
            }

            if (calls.Count > 0) await Commit(calls);
        }
    }

    private async Task Commit(List<Call> calls)
    {
        try
        {
            var verdicts = await Persist([.. calls.SelectMany(call => call.Arrivals)]);
            var from = 0;
            foreach (var call in calls)
            {
                Leave(call);
                call.Verdicts.SetResult(new ArraySegment<Verdict>(verdicts, from, call.Arrivals.Count));
                from += call.Arrivals.Count;
            }
        }
        catch (Exception failed) when (calls.Count > 1 && failed is not NpgsqlException { IsTransient: true })
        {
            // One of them is to blame; the others have nothing to do with it.
            CommitAlone(logger, failed, calls.Count);
            foreach (var call in calls) await Commit([call]);
        }
#pragma warning disable CA1031 // The caller gets it, whatever it is; the loop goes on for the others.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            foreach (var call in calls)
            {
                Leave(call);
                call.Verdicts.SetException(failed);
            }
        }
    }

    private async Task<Verdict[]> Persist(Arrival[] arrivals)
    {
        var isFirstTry = true;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var transaction = await open(CancellationToken.None);
                var verdicts = await accept.Apply(
                    arrivals, transaction, time.GetUtcNow(), CancellationToken.None, isFirstTry);
                await transaction.Commit(CancellationToken.None);
                return [.. verdicts];
            }
            catch (PostgresException known) when (isFirstTry && UsageKeys.IsKnown(known))
            {
                isFirstTry = false;
                accept.SomeCameBefore();
            }
            catch (NpgsqlException failed) when (failed.IsTransient && attempt < Pauses.Length)
            {
                // Where the answer to the commit was lost, the events are duplicates now, and as good.
                TryAgain(logger, failed, attempt + 1);
                await Task.Delay(Pauses[attempt], time);
            }
        }
    }

    private void Leave(Call call)
    {
        Interlocked.Add(ref _events, -call.Arrivals.Count);
        Interlocked.Add(ref _bytes, -call.Bytes);
    }

    private sealed class Call(IReadOnlyList<Arrival> arrivals)
    {
        public IReadOnlyList<Arrival> Arrivals { get; } = arrivals;

        public long Bytes { get; } = arrivals.Sum(arrival => (long)arrival.Original.Length);

        public TaskCompletionSource<IReadOnlyList<Verdict>> Verdicts { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Usage could not be committed, attempt {Attempt}")]
    private static partial void TryAgain(ILogger logger, Exception failed, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Calls} calls could not be committed together")]
    private static partial void CommitAlone(ILogger logger, Exception failed, int calls);
}
