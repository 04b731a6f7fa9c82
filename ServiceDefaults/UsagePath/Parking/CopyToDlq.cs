using System.Globalization;
using System.Text;
using Billing.Contracts;
using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Parking;

/// <summary>
/// What was parked goes to the topic's <c>.dlq</c> as well, for people: the original bytes and headers, and
/// why. After a crash in between it may be there twice.
/// </summary>
internal sealed partial class CopyToDlq(
    OpenBatch open, KafkaConnection kafka, TimeProvider time, ILogger<CopyToDlq> logger) : BackgroundService
{
    private const int MostRows = 100;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // A transaction that waits for the broker any longer is ended by the database.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestAsking = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await Copy(stoppingToken) == MostRows) { }
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                Later(trouble);
            }
        }
    }

    private async Task<int> Copy(CancellationToken cancellation)
    {
        await using var transaction = await open(cancellation);
        var copies = await Read(transaction.Connection, cancellation);
        if (copies.Count == 0) return 0;

        // One that is away would get these once more for each time that they are tried.
        await Task.Run(() => kafka.Ask(LongestAsking), cancellation);
        var sent = Task.WhenAll(copies.Select(copy => Send(copy, cancellation)));
        await sent.WaitAsync(Longest, time, cancellation);
        await using var mark = new NpgsqlCommand(
            "update parked_facts set is_copied = true where id = any ($1)", transaction.Connection)
        {
            Parameters = { new() { Value = copies.Select(copy => copy.Id).ToArray() } },
        };
        await mark.ExecuteNonQueryAsync(cancellation);
        await transaction.Commit(cancellation);
        return copies.Count;
    }

    private async Task Send(DlqCopy copy, CancellationToken cancellation)
    {
        try
        {
            await kafka.Producer.ProduceAsync(copy.Topic, copy.Message, cancellation);
        }
        catch (KafkaException refused) when (
            refused.Error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsg
            or ErrorCode.InvalidRecord)
        {
            // The reason's headers may make it too large. The row itself is what counts.
            NotCopied(copy.Id, copy.Topic, refused.Error.Code);
        }
    }

    private static async Task<List<DlqCopy>> Read(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select id, topic, partition, lane, number, message_key, body, headers, reason
            from parked_facts where not is_copied
            order by id limit $1 for update skip locked
            """, connection)
        {
            Parameters = { new() { Value = MostRows } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var copies = new List<DlqCopy>();
        while (await rows.ReadAsync(cancellation)) copies.Add(Copy(rows));
        return copies;
    }

    private static DlqCopy Copy(NpgsqlDataReader row)
    {
        var headers = ParkedRow.Read(row.GetString(7));
        Add("billing-dlq-reason", row.GetString(8));
        Add("billing-dlq-topic", row.GetString(1));
        Add("billing-dlq-partition", row.GetInt32(2).ToString(CultureInfo.InvariantCulture));
        if (!row.IsDBNull(3)) Add("billing-dlq-lane", row.GetInt32(3).ToString(CultureInfo.InvariantCulture));
        if (!row.IsDBNull(4))
            Add("billing-dlq-number", row.GetInt64(4).ToString(CultureInfo.InvariantCulture));
        return new(row.GetInt64(0), Topics.Dlq(row.GetString(1)), new()
        {
            Key = row.IsDBNull(5) ? null! : row.GetFieldValue<byte[]>(5),
            Value = row.GetFieldValue<byte[]>(6),
            Headers = headers,
        });

        void Add(string name, string text) => headers.Add(name, Encoding.UTF8.GetBytes(text));
    }

    private sealed record DlqCopy(long Id, string Topic, Message<byte[], byte[]> Message);

    [LoggerMessage(
        Level = LogLevel.Error, Message = "The parked message {Id} cannot be copied to {Topic}: {Code}")]
    private partial void NotCopied(long id, string topic, ErrorCode code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was parked is copied to its .dlq topic later")]
    private partial void Later(Exception trouble);
}
