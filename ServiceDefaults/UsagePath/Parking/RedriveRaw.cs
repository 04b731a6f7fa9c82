using Billing.ServiceDefaults.Kafka;
using Billing.ServiceDefaults.UsagePath.Reading;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Parking;

/// <summary>
/// Parked messages of raw topics go through Kafka again when somebody asks for it: the original is published,
/// then the row removed. After a crash in between it is published twice, which Ingestion sorts out. An inbox
/// row that was parked goes back to the inbox.
/// </summary>
internal sealed partial class RedriveRaw(
    IEnumerable<ITopicWork> works, OpenBatch open, KafkaConnection kafka, TimeProvider time,
    ILogger<RedriveRaw> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestAsking = TimeSpan.FromSeconds(1);

    private readonly string[] _raw = [.. works.OfType<RawTopic>().Select(work => work.Topic)];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await ToKafka(stoppingToken)) { }
                await Others(stoppingToken);
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                Later(trouble);
            }
        }
    }

    private async Task<bool> ToKafka(CancellationToken cancellation)
    {
        await using var transaction = await open(cancellation);
        await using var take = new NpgsqlCommand(
            """
            delete from parked_facts where id = (
                select id from parked_facts
                where topic = any ($1) and lane is null and redrive_asked_at is not null
                order by id limit 1 for update skip locked)
            returning topic, message_key, body, headers
            """, transaction.Connection)
        {
            Parameters = { new() { Value = _raw } },
        };
        await using (var row = await take.ExecuteReaderAsync(cancellation))
        {
            if (!await row.ReadAsync(cancellation)) return false;

            // One that is away would get it once more for each time that it is tried.
            await Task.Run(() => kafka.Ask(LongestAsking), cancellation);
            await kafka.Producer.ProduceAsync(row.GetString(0), new()
            {
                Key = row.IsDBNull(1) ? null! : row.GetFieldValue<byte[]>(1),
                Value = row.GetFieldValue<byte[]>(2),
                Headers = ParkedRow.Read(row.GetString(3)),
            }, cancellation).WaitAsync(Longest, time, cancellation);
        }

        await transaction.Commit(cancellation);
        return true;
    }

    private async Task Others(CancellationToken cancellation)
    {
        await using var transaction = await open(cancellation);
        await using var move = new NpgsqlCommand(
            """
            with asked as (
                delete from parked_facts
                where lane is not null and number is null and redrive_asked_at is not null
                returning fact_id, lane, wire_name, body, parked_at)
            insert into lane_inbox (id, lane, kind, body, asked_at)
            select fact_id, lane, wire_name, body, parked_at from asked
            """, transaction.Connection);
        var moved = await move.ExecuteNonQueryAsync(cancellation);
        // What is neither fact nor tide stays that, however often it is read.
        await using var refuse = new NpgsqlCommand(
            """
            update parked_facts
            set attempts = attempts + 1, redrive_asked_at = null, redrive_asked_by = null
            where lane is null and redrive_asked_at is not null and not topic = any ($1)
            """, transaction.Connection)
        {
            Parameters = { new() { Value = _raw } },
        };
        var refused = await refuse.ExecuteNonQueryAsync(cancellation);
        if (moved + refused > 0) await transaction.Commit(cancellation);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Parked messages are published again later")]
    private partial void Later(Exception trouble);
}
