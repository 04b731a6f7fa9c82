using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Parking;
using Billing.ServiceDefaults.UsagePath.Reading;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Waiting;

/// <summary>The inbox rows of our lanes, between batches. One that cannot be applied is parked.</summary>
internal sealed partial class TakeInbox(
    string topic, IInboxHandler handler, OwnedLanes lanes, OpenBatch open, ServiceDatabase database,
    TimeProvider time, ILogger<TakeInbox> logger) : IBatchWork<InboxRow>
{
    private const int MostRows = 500;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Guid, string> _reasons = [];
    private long? _looked;

    public string Topic => $"{topic} (inbox)";

    /// <summary>Until nothing is left. What another process left is noticed a little later.</summary>
    /// <param name="isUrgent">Something was left here.</param>
    public async Task Run(bool isUrgent, StopTokens stop)
    {
        if (!isUrgent && _looked is { } at && time.GetElapsedTime(at) < BetweenLooks) return;

        try
        {
            await TakeAll(stop);
            _looked = time.GetTimestamp();
        }
        catch (NpgsqlException away) when (!stop.Hard.IsCancellationRequested)
        {
            Later(away, topic);
        }
    }

    private async Task TakeAll(StopTokens stop)
    {
        while (!stop.Soft.IsCancellationRequested)
        {
            var rows = await Read(stop.Hard);
            if (rows.Count == 0) return;

            await new TakeInPieces<InboxRow>(this, time, logger).Take(rows, stop);
            if (rows.Count < MostRows) return;
        }
    }

    public List<InboxRow> StillOurs(IReadOnlyList<InboxRow> messages)
    {
        var ours = lanes.Running().Select(lane => lane.Number).ToHashSet();
        return [.. messages.Where(row => ours.Contains(row.Lane))];
    }

    public async Task<bool> Try(List<InboxRow> messages, bool isLast, CancellationToken cancellation)
    {
        var numbers = messages.Select(row => row.Lane).ToHashSet();
        await using var transaction = await open(cancellation);
        await LaneRows.Hold(
            transaction.Connection, topic, [.. lanes.Running().Where(lane => numbers.Contains(lane.Number))],
            cancellation);

        // Removed first: a row that somebody else has taken meanwhile is not there any more.
        var there = await Remove(transaction.Connection, messages, cancellation);
        var now = time.GetUtcNow();
        var good = messages.Where(row => there.Contains(row.Id) && !_reasons.ContainsKey(row.Id)).ToList();
        if (good.Count > 0) await handler.Apply(new(good, transaction, now), cancellation);
        await ParkedRows.Insert(
            transaction.Connection,
            [.. messages.Where(row => there.Contains(row.Id) && _reasons.ContainsKey(row.Id)).Select(Parked)],
            now, cancellation);
        await transaction.Commit(cancellation);
        foreach (var row in messages) _reasons.Remove(row.Id);
        return true;
    }

    /// <summary>
    /// The rows that are there say by themselves what is left to do; only the lanes may be lost.
    /// </summary>
    public async Task Correct(List<InboxRow> messages, CancellationToken cancellation) =>
        lanes.Correct(
            await LaneRows.Read(
                database.Writer, topic, [.. messages.Select(row => row.Lane).Distinct()], cancellation),
            new Dictionary<int, (long, long?)>());

    public void Park(InboxRow message, string reason) => _reasons[message.Id] = reason;

    private ParkedRow Parked(InboxRow row) => new(
        topic, 0, row.Lane, null, row.Id, row.Kind, $"inbox:{row.Id}", null, row.Body.ToArray(), "[]",
        _reasons[row.Id]);

    private async Task<List<InboxRow>> Read(CancellationToken cancellation)
    {
        await using var command = database.Writer.CreateCommand(
            """
            select id, lane, kind, body, asked_at from lane_inbox
            where lane = any ($1) order by id limit $2
            """);
        command.Parameters.Add(new() { Value = lanes.Running().Select(lane => lane.Number).ToArray() });
        command.Parameters.Add(new() { Value = MostRows });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<InboxRow>();
        while (await rows.ReadAsync(cancellation))
            found.Add(new(
                rows.GetGuid(0), rows.GetInt32(1), rows.GetString(2), rows.GetFieldValue<byte[]>(3),
                rows.GetFieldValue<DateTimeOffset>(4)));

        return found;
    }

    private static async Task<HashSet<Guid>> Remove(
        NpgsqlConnection connection, List<InboxRow> rows, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "delete from lane_inbox where id = any ($1) returning id", connection)
        {
            Parameters = { new() { Value = rows.Select(row => row.Id).ToArray() } },
        };
        await using var gone = await command.ExecuteReaderAsync(cancellation);
        var there = new HashSet<Guid>();
        while (await gone.ReadAsync(cancellation)) there.Add(gone.GetGuid(0));
        return there;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The inbox of {Topic} is read later")]
    private partial void Later(Exception trouble, string topic);
}
