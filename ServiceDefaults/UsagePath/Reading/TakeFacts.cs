using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Parking;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Facts become effects: their numbers, the effects, parked facts and facts of our own in one transaction.
/// </summary>
internal sealed partial class TakeFacts(
    IFactHandler handler, OwnedLanes lanes, IReadOnlyList<ReadPosition> positions, ParkedKeys parked,
    OpenBatch open, ServiceDatabase database, PathWatch watch, TimeProvider time, ILogger logger)
    : IBatchWork<ReadFact>
{
    public string Topic => handler.Topic;

    public List<ReadFact> StillOurs(IReadOnlyList<ReadFact> messages) => lanes.StillOurs(messages);

    /// <summary>False where the handler parked a fact before others of its key.</summary>
    public async Task<bool> Try(List<ReadFact> messages, bool isLast, CancellationToken cancellation)
    {
        await using var transaction = await open(cancellation);
        // Where to read on may be beyond the last piece only when that is committed.
        await LaneRows.Advance(
            transaction.Connection, Topic, messages, isLast ? lanes.StillOurs(positions) : [], cancellation);
        watch.Reached(Step.PositionAdvanced, Topic);

        var sorted = await parked.Sort(transaction.Connection, messages, cancellation);
        var batch = new FactBatch(
            [.. sorted.Good.Select(fact => fact.Fact)], transaction, time.GetUtcNow());
        if (batch.Facts.Count > 0) await handler.Apply(batch, cancellation);
        if (batch.Parked.Count > 0 && !parked.Add(batch.Parked, sorted)) return false;

        await ParkedKeys.Keep(transaction.Connection, sorted.Parked, batch.Now, cancellation);
        if (watch.IsWatched) await transaction.WriteNow(cancellation);
        watch.Reached(Step.EffectsWritten, Topic);
        await transaction.Commit(cancellation);
        lanes.Committed(messages);
        parked.Kept(sorted.Parked.Count);
        return true;
    }

    public async Task Correct(List<ReadFact> messages, CancellationToken cancellation)
    {
        var rows = await LaneRows.Read(
            database.Writer, Topic, [.. messages.Select(fact => fact.Header.Lane).Distinct()], cancellation);
        var partitions = await PartitionRows.Read(
            database.Writer, Topic, [.. positions.Select(position => position.Partition)], cancellation);
        var lost = lanes.Correct(rows, partitions);
        if (lost.Count > 0) Lost(Topic, string.Join(' ', lost));
    }

    public void Park(ReadFact message, string reason) => message.ParkReason = reason;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lanes of {Topic} have another owner now: {Lanes}")]
    private partial void Lost(string topic, string lanes);
}
