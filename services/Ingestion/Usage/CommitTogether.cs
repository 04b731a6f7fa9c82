using System.Diagnostics;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Ingestion.Usage;

/// <summary>
/// HTTP callers share transactions: whoever arrives while one is on its way goes into the next one. Nobody
/// waits for a timer or for a thread of ours, so a lonely caller is as fast as the disk.
/// </summary>
public sealed partial class CommitTogether(
    AcceptUsage accept, OpenBatch open, TimeProvider time, ILogger<CommitTogether> logger) : IHostedService
{
    // The second one waits for what the first holds, so there has to be work that it can do before.
    private const int MostAtOnce = 2, WorthAnother = 200;

    private const int MostCalls = 4_096, MostEvents = 50_000, MostInTransaction = 4_000;
    private const long MostBytes = 64 * 1024 * 1024;

    private readonly CommitArrivals _commit = new(accept, open, time, logger);
    private readonly Lock _gate = new();
    private readonly Queue<Call> _waiting = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _atOnce, _waitingEvents, _events;
    private long _bytes;
    private bool _isStopping;

    /// <summary>Done when it is committed.</summary>
    /// <returns>One verdict for each arrival; null where there is no room at the moment.</returns>
    /// <exception cref="NpgsqlException">
    /// The database does not answer; nothing is known of the events.
    /// </exception>
    public Task<IReadOnlyList<Verdict>>? Take(IReadOnlyList<Arrival> arrivals)
    {
        var call = new Call(arrivals);
        List<Call>? first;
        lock (_gate)
        {
            if (_isStopping || _waiting.Count >= MostCalls || _events + arrivals.Count > MostEvents
                || _bytes + call.Bytes > MostBytes)
                return null;

            _events += arrivals.Count;
            _bytes += call.Bytes;
            _waiting.Enqueue(call);
            _waitingEvents += arrivals.Count;
            first = _atOnce == 0 || (_atOnce < MostAtOnce && _waitingEvents >= WorthAnother) ? Next() : null;
            if (first is not null) _atOnce++;
        }

        if (first is not null) _ = Work(first);
        return call.Verdicts.Task;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What is waiting is still committed.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _isStopping = true;
            if (_atOnce == 0) _ended.TrySetResult();
        }

        return _ended.Task.WaitAsync(cancellationToken);
    }

    private async Task Work(List<Call> calls)
    {
        // Of many callers; the first one's request is no parent of what is done for all.
        Activity.Current = null;
        for (var next = calls; next is not null; next = Settled()) await Commit(next);
    }

    /// <summary>What is to be committed next, if anything.</summary>
    private List<Call>? Settled()
    {
        lock (_gate)
        {
            var next = Next();
            if (next is null && --_atOnce == 0 && _isStopping) _ended.TrySetResult();
            return next;
        }
    }

    private List<Call>? Next()
    {
        if (_waiting.Count == 0) return null;

        var calls = new List<Call>();
        for (var events = 0; events < MostInTransaction && _waiting.TryDequeue(out var call); calls.Add(call))
            events += call.Arrivals.Count;
        _waitingEvents -= calls.Sum(call => call.Arrivals.Count);
        return calls;
    }

    private async Task Commit(List<Call> calls)
    {
        try
        {
            var verdicts = await _commit.Persist([.. calls.SelectMany(call => call.Arrivals)]);
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

    private void Leave(Call call)
    {
        lock (_gate)
        {
            _events -= call.Arrivals.Count;
            _bytes -= call.Bytes;
        }
    }

    private sealed class Call(IReadOnlyList<Arrival> arrivals)
    {
        public IReadOnlyList<Arrival> Arrivals { get; } = arrivals;

        public long Bytes { get; } = arrivals.Sum(arrival => (long)arrival.Original.Length);

        public TaskCompletionSource<IReadOnlyList<Verdict>> Verdicts { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Calls} calls could not be committed together")]
    private static partial void CommitAlone(ILogger logger, Exception failed, int calls);
}
