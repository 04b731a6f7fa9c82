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
    private readonly Queue<WaitingCall> _waiting = [];
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
        var call = new WaitingCall(arrivals);
        List<WaitingCall>? first;
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
        return call.Verdicts;
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

    private async Task Work(List<WaitingCall> calls)
    {
        // Of many callers; the first one's request is no parent of what is done for all.
        Activity.Current = null;
        for (var next = calls; next is not null;)
        {
            var answers = await Commit(next);
            next = Settled();
            // Whoever has nothing else to do answers here; otherwise one other thread answers all of them.
            if (next is null) answers();
            else ThreadPool.UnsafeQueueUserWorkItem(static tell => tell(), answers, preferLocal: false);
        }
    }

    /// <summary>What is to be committed next, if anything.</summary>
    private List<WaitingCall>? Settled()
    {
        lock (_gate)
        {
            var next = Next();
            if (next is null && --_atOnce == 0 && _isStopping) _ended.TrySetResult();
            return next;
        }
    }

    private List<WaitingCall>? Next()
    {
        if (_waiting.Count == 0) return null;

        var calls = new List<WaitingCall>();
        for (var events = 0; events < MostInTransaction && _waiting.TryDequeue(out var call); calls.Add(call))
            events += call.Arrivals.Count;
        _waitingEvents -= calls.Sum(call => call.Arrivals.Count);
        return calls;
    }

    /// <returns>What tells the callers, each of whom goes on in it.</returns>
    private async Task<Action> Commit(List<WaitingCall> calls)
    {
        try
        {
            var verdicts = await _commit.Persist(WaitingCall.Together(calls));
            Leave(calls);
            return () => WaitingCall.Tell(calls, verdicts);
        }
        catch (Exception failed) when (calls.Count > 1 && failed is not NpgsqlException { IsTransient: true })
        {
            // One of them is to blame; the others have nothing to do with it.
            CommitAlone(logger, failed, calls.Count);
            Action answers = () => { };
            foreach (var call in calls) answers += await Commit([call]);
            return answers;
        }
#pragma warning disable CA1031 // The caller gets it, whatever it is; the loop goes on for the others.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            Leave(calls);
            return () => calls.ForEach(call => call.Fail(failed));
        }
    }

    private void Leave(List<WaitingCall> calls)
    {
        lock (_gate)
            foreach (var call in calls)
            {
                _events -= call.Arrivals.Count;
                _bytes -= call.Bytes;
            }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Calls} calls could not be committed together")]
    private static partial void CommitAlone(ILogger logger, Exception failed, int calls);
}
