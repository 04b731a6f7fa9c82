using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Parking;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Reads a numbered topic: each number of each lane once and in order, whatever the broker does.
/// </summary>
internal sealed partial class NumberedTopic(
    IFactHandler handler, OwnedLanes lanes, ParkedKeys parked, RedriveFacts redrive, TakeInbox? inbox,
    AskForReplays asking, OpenBatch open, ServiceDatabase database, PathWatch watch, TimeProvider time,
    ILogger<NumberedTopic> logger) : ITopicWork
{
    private readonly Dictionary<int, int[]> _lanesOf = [];
    private readonly ReadAhead _ahead = new(handler);

    public string Topic => handler.Topic;

    public async Task<IReadOnlyDictionary<int, Offset>> TakeOver(
        IReadOnlyList<int> partitions, TopicIdentity topic, CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var begins = new Dictionary<int, Offset>();
        var taken = new List<(ReadPosition Partition, IReadOnlyList<LaneRow> Lanes)>();
        foreach (var partition in partitions.Order())
        {
            var (epoch, next) = await PartitionRows.TakeOver(
                connection, Topic, partition, topic.Id, cancellation);
            taken.Add((new(partition, epoch, topic.Id, next ?? 0), await LaneRows.TakeOver(
                connection, Topic, LanesOf(partition, topic.Partitions), cancellation)));
            begins[partition] = next ?? Offset.Beginning;
        }

        await parked.Learn(
            connection, [.. taken.SelectMany(one => one.Lanes).Select(lane => lane.Lane)], isAll: false,
            cancellation);
        await transaction.CommitAsync(cancellation);
        foreach (var (partition, rows) in taken)
        {
            _lanesOf[partition.Partition] = [.. rows.Select(row => row.Lane)];
            lanes.Add(partition, rows);
        }

        return begins;
    }

    public void Release(IReadOnlyList<int> partitions)
    {
        foreach (var partition in partitions)
            if (_lanesOf.Remove(partition, out var gone)) lanes.Remove(partition, gone);
    }

    /// <summary>Numbers decide, so nothing has to be known of it.</summary>
    public void Restart(int partition)
    {
    }

    public object Read(ConsumeResult<byte[], byte[]> message) => _ahead.Read(message);

    public async Task Apply(Bundle bundle, StopTokens stop)
    {
        watch.Reached(Step.BatchRead, Topic);
        var plan = lanes.Plan(bundle, time.GetUtcNow());
        PathMetrics.Read(Topic, plan.Taken.Count, plan.Dropped, plan.Held);
        if (plan.Strays.Count > 0) await ParkStrays(plan.Strays, stop.Hard);
        if (plan.Taken.Count > 0) await Take(plan, stop);
        foreach (var lane in plan.Stops) await Stop(lane, stop.Hard);
        asking.Ask(Topic, lanes.Asks(time.GetUtcNow()));
    }

    public async Task Tend(bool isUrgent, StopTokens stop)
    {
        var now = time.GetUtcNow();
        var (held, gaps, oldest) = lanes.Look();
        PathMetrics.Gaps(Topic, held, gaps, now - oldest);
        asking.Ask(Topic, lanes.Asks(now));
        if (parked.HasAny) await redrive.Run(stop);
        if (lanes.Reached() is { Count: > 0 } reached) await KeepMoments(reached, stop.Hard);
        if (inbox is not null) await inbox.Run(isUrgent, stop);
    }

    private async Task KeepMoments(
        List<(Lane Lane, DateTimeOffset Moment)> reached, CancellationToken cancellation)
    {
        try
        {
            await LaneRows.ReadUpTo(database.Writer, Topic, reached, cancellation);
        }
        catch (Npgsql.NpgsqlException away)
        {
            // The next tide says a later one.
            NotKept(Topic, away.Message);
        }
    }

    private async Task Take(Plan plan, StopTokens stop)
    {
        using var span = BatchSpan.Start(Topic, plan.Taken);
        var take = new TakeFacts(handler, lanes, plan.Positions, parked, open, database, watch, time, logger);
        await new TakeInPieces<ReadFact>(take, time, logger).Take(plan.Taken, stop);
    }

    private async Task Stop(Lane lane, CancellationToken cancellation)
    {
        if (!lanes.IsOurs(lane)) return;

        Stopped(Topic, lane.Number, lane.State.StoppedBecause!);
        await LaneRows.Stop(database.Writer, Topic, lane, time.GetUtcNow(), cancellation);
    }

    private async Task ParkStrays(
        List<ConsumeResult<byte[], byte[]>> strays, CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await ParkedRows.Insert(
            connection,
            [.. strays.Select(stray => StrayMessages.Row(stray, "It is neither a numbered fact nor a tide."))
                .DistinctBy(row => row.Key)],
            time.GetUtcNow(), cancellation);
        Strays(Topic, strays.Count);
    }

    private int[] LanesOf(int partition, int partitions) =>
        [.. Enumerable.Range(0, Topic == Topics.Catalog ? 1 : Lanes.Count)
            .Where(lane => Lanes.Partition(lane, partitions) == partition)];

    [LoggerMessage(Level = LogLevel.Error, Message = "Stops {Topic} lane {Lane}: {Reason}")]
    private partial void Stopped(string topic, int lane, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The moment that {Topic} is read up to is not kept: {Why}")]
    private partial void NotKept(string topic, string why);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Count} messages of {Topic} are neither numbered facts nor tides")]
    private partial void Strays(string topic, int count);
}
