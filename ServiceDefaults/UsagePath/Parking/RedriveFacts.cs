using System.Text;
using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Reading;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Parking;

/// <summary>
/// Parked facts that somebody asked to try again: by the lane's owner, between batches, key by key in order,
/// each applied and removed in one transaction.
/// </summary>
internal sealed partial class RedriveFacts(
    IFactHandler handler, OwnedLanes lanes, ParkedKeys parked, OpenBatch open, ServiceDatabase database,
    TimeProvider time, ILogger<RedriveFacts> logger)
{
    private const int MostRows = 100;

    /// <summary>The first one of each key. What comes after it has its turn the next time.</summary>
    public async Task Run(StopTokens stop)
    {
        try
        {
            var asked = await Read(stop.Hard);
            foreach (var row in asked)
                if (!stop.Soft.IsCancellationRequested) await Try(row, stop.Hard);
            if (asked.Count > 0) await Learn(stop.Hard);
        }
        catch (Exception trouble) when (
            !stop.Hard.IsCancellationRequested && Troubles.Of(trouble) != Trouble.OfMessage)
        {
            Later(trouble, handler.Topic);
        }
    }

    private async Task Try(Asked row, CancellationToken cancellation)
    {
        if (lanes.Running().FirstOrDefault(lane => lane.Number == row.Fact.Lane) is not { } lane) return;

        string? refusal = null;
        try
        {
            await using var transaction = await open(cancellation);
            await LaneRows.Hold(transaction.Connection, handler.Topic, [lane], cancellation);
            await Remove(transaction.Connection, row.Id, cancellation);
            var batch = new FactBatch([row.Fact], transaction, time.GetUtcNow());
            await handler.Apply(batch, cancellation);
            refusal = batch.Parked.Count > 0 ? batch.Parked[0].Reason : null;
            if (refusal is null) await transaction.Commit(cancellation);
        }
        catch (Exception trouble) when (Troubles.Of(trouble) == Trouble.OfMessage)
        {
            refusal = Troubles.Describe(trouble);
            Refused(trouble, handler.Topic, row.Fact.Lane, row.Fact.Number);
        }

        if (refusal is not null) await Refuse(row, lane, refusal, cancellation);
    }

    private static async Task Remove(NpgsqlConnection connection, long id, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("delete from parked_facts where id = $1", connection)
        {
            Parameters = { new() { Value = id } },
        };
        if (await command.ExecuteNonQueryAsync(cancellation) != 1)
            throw new TryAgainException($"The parked fact {id} was taken by somebody else.");
    }

    /// <summary>It stays, and so does what is behind it.</summary>
    private async Task Refuse(Asked row, Lane lane, string reason, CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await LaneRows.Hold(connection, handler.Topic, [lane], cancellation);
        await using var command = new NpgsqlCommand(
            """
            update parked_facts set
                attempts = attempts + case when id = $1 then 1 else 0 end,
                reason = case when id = $1 then $2 else reason end,
                redrive_asked_at = null, redrive_asked_by = null
            where topic = $3 and lane = $4 and key = $5
            """, connection, transaction)
        {
            Parameters =
            {
                new() { Value = row.Id }, new() { Value = reason }, new() { Value = handler.Topic },
                new() { Value = row.Fact.Lane }, new() { Value = row.Key },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private async Task Learn(CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await parked.Learn(
            connection, [.. lanes.Running().Select(lane => lane.Number)], isAll: true, cancellation);
    }

    private async Task<List<Asked>> Read(CancellationToken cancellation)
    {
        await using var command = database.Writer.CreateCommand(
            """
            select id, lane, number, fact_id, wire_name, key, message_key, body, headers
            from parked_facts p
            where topic = $1 and lane = any ($2) and number is not null and redrive_asked_at is not null
              and not exists (
                  select from parked_facts e
                  where e.topic = p.topic and e.key = p.key and e.lane = p.lane and e.id < p.id)
            order by id limit $3
            """);
        command.Parameters.Add(new() { Value = handler.Topic });
        command.Parameters.Add(new() { Value = lanes.Running().Select(lane => lane.Number).ToArray() });
        command.Parameters.Add(new() { Value = MostRows });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var asked = new List<Asked>();
        while (await rows.ReadAsync(cancellation)) asked.Add(Read(rows));
        return asked;
    }

    private Asked Read(NpgsqlDataReader row)
    {
        var headers = ParkedRow.Read(row.GetString(8));
        var trace = headers.TryGetLastBytes(FactHeaders.TraceParent, out var bytes)
            ? Encoding.ASCII.GetString(bytes)
            : null;
        var key = row.IsDBNull(6) ? "" : Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(6));
        return new(row.GetInt64(0), row.GetString(5), new(
            handler.Topic, row.GetInt32(1), row.GetInt64(2), new FactId(row.GetGuid(3)), row.GetString(4),
            key, row.GetFieldValue<byte[]>(7), trace));
    }

    private sealed record Asked(long Id, string Key, Fact Fact);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Parked facts of {Topic} are tried again later")]
    private partial void Later(Exception trouble, string topic);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The parked fact {Topic} lane {Lane} number {Number} fails again")]
    private partial void Refused(Exception trouble, string topic, int lane, long number);
}
