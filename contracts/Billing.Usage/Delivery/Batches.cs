using System.Threading.Channels;

namespace Billing.Usage.Delivery;

/// <summary>Makes batches of what is in the queue, and has a few of them on their way at once.</summary>
internal sealed class Batches(
    UsageOptions options, ChannelReader<Queued> queue, Calls calls, Action<Item, ItemVerdict> settle)
    : IDisposable
{
    private readonly SemaphoreSlim _calls = new(options.CallsAtOnce);
    private readonly HashSet<Task> _running = [];

    public void Dispose() => _calls.Dispose();

    /// <summary>Done when the queue is closed and everything in it is settled.</summary>
    public async Task Run(CancellationToken giveUp)
    {
        await Task.Yield(); // not in the constructor of the sender
        while (await queue.WaitToReadAsync(CancellationToken.None))
        {
            // While all calls are out, the batch behind them grows.
            await _calls.WaitAsync(CancellationToken.None);
            var (batch, marks) = await Gather(giveUp);
            _running.RemoveWhere(call => call.IsCompleted);
            if (batch.Count == 0) _calls.Release();
            else _running.Add(Send(batch, giveUp));
            if (marks.Count > 0) _ = Reach(marks, Task.WhenAll(_running));
        }

        await Task.WhenAll(_running);
    }

    private async Task<(List<Item> Batch, List<Mark> Marks)> Gather(CancellationToken giveUp)
    {
        var (batch, marks, bytes) = (new List<Item>(), new List<Mark>(), 0);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(giveUp);
        await using var timer = options.Time.CreateTimer(
            _ => patience.Cancel(), null, options.BatchWait, Timeout.InfiniteTimeSpan);
        while (batch.Count < options.BatchEvents)
        {
            if (!queue.TryPeek(out var next))
            {
                // Somebody waits for what there is, or nothing comes any more.
                if (marks.Count > 0 || !await MoreComes(patience.Token)) break;

                continue;
            }

            // In JSON's list, each event has a comma or a bracket beside it.
            if (next is Item item && (bytes += item.Json.Length + 1) >= options.BatchBytes && batch.Count > 0)
                break;

            queue.TryRead(out _);
            if (next is Mark mark) marks.Add(mark);
            else batch.Add((Item)next);
        }

        return (batch, marks);
    }

    private async Task<bool> MoreComes(CancellationToken patience)
    {
        try
        {
            return await queue.WaitToReadAsync(patience);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task Send(List<Item> batch, CancellationToken giveUp)
    {
        try
        {
            await calls.Deliver(batch, settle, giveUp);
        }
        finally
        {
            _calls.Release();
        }
    }

    private static async Task Reach(List<Mark> marks, Task before)
    {
        await before;
        foreach (var mark in marks) mark.Reach();
    }
}
