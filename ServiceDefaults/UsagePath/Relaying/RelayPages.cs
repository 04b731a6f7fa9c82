namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// Brings from the store what memory does not have: numbers of a time before, of other processes, what was
/// forgotten, and what readers ask for.
/// </summary>
internal sealed class RelayPages(
    RelayState state, RelayStore store, RelayMemory memory, RelayPublisher publisher, RelayPump pump,
    ReplayDesk desk, Signal news)
{
    private const int PageSize = 1_000;

    /// <summary>A page for each lane that lacks one, unless the producer has enough for now.</summary>
    /// <returns>Whether something came, so that there may be more at once.</returns>
    public async Task<bool> FillGaps(CancellationToken cancellation)
    {
        var hasCome = false;
        foreach (var gap in Gaps())
        {
            if (!publisher.HasRoom()) break;

            var page = await store.Page(
                gap.Topic.Name, gap.Lane.Number, gap.From, gap.Through, PageSize, cancellation);
            lock (state.Gate)
                if (gap.Topic.Lanes[gap.Lane.Number] == gap.Lane) Take(gap.Lane, page);

            hasCome |= page.Count > 0;
            news.Set();
        }

        return hasCome;
    }

    /// <summary>Everything that readers asked for, while the producer has room.</summary>
    public async Task Answer(CancellationToken cancellation)
    {
        while (publisher.HasRoom() && desk.TryTake(PageSize, out var topic, out var lane, out var range))
        {
            // What is not acknowledged yet comes without being asked for.
            var through = Math.Min(range.Through, Acknowledged(topic, lane));
            if (range.From > through) continue;

            var page = await store.Page(topic, lane, range.From, through, PageSize, cancellation);
            lock (state.Gate)
                if (state.Topics[topic].PartitionOf(lane) is { } partition)
                    pump.PublishAgain(partition, page);

            RelayMetrics.Replayed(topic, page.Count);
        }
    }

    private List<Gap> Gaps()
    {
        lock (state.Gate)
            return
            [
                .. from topic in state.Topics.Values
                   from lane in topic.Lanes
                   where lane is not null && topic.PartitionOf(lane.Number)!.IsOpen(state.Now)
                   let gap = lane.Missing()
                   where gap is not null
                   select new Gap(topic, lane, gap.Value.From, gap.Value.Through),
            ];
    }

    private void Take(RelayLane lane, IReadOnlyList<NumberedFact> page)
    {
        foreach (var fact in page)
        {
            memory.Hold(fact);
            lane.Take(fact);
        }
    }

    private long Acknowledged(string topic, int lane)
    {
        lock (state.Gate) return state.Topics[topic].Lanes[lane]?.Acknowledged ?? 0;
    }

    private sealed record Gap(RelayedTopic Topic, RelayLane Lane, long From, long Through);
}
