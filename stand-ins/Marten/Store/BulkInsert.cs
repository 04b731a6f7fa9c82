using System.Text.Json;
using JasperFx.Events;
using Npgsql;
using NpgsqlTypes;

namespace Marten;

/// <summary>
/// New streams by COPY, in one transaction, which takes its sequence numbers itself: so the daemon waits for
/// it as for any other writer.
/// </summary>
internal sealed class BulkInsert(StoreParts parts)
{
    private readonly Events.MetadataConfig metadata = parts.Options.Events.MetadataConfig;

    public async Task Run(IReadOnlyList<StreamAction> streams, int batchSize, CancellationToken token)
    {
        await using var connection = await parts.Options.DataSource!.OpenConnectionAsync(token);
        await using var transaction = await connection.BeginTransactionAsync(token);
        foreach (var part in streams.Chunk(batchSize)) await Streams(connection, part, token);
        foreach (var part in Numbered(streams).Chunk(batchSize)) await Events(connection, part, token);
        await transaction.CommitAsync(token);
    }

    private IEnumerable<IEvent> Numbered(IEnumerable<StreamAction> streams)
    {
        var now = parts.Options.Events.TimeProvider.GetUtcNow();
        foreach (var stream in streams)
        {
            foreach (var e in stream.Events)
            {
                var known = parts.Options.EventOptions.Types.Of(e.EventType);
                (e.EventTypeName, e.DotNetTypeName) = (known.Name, known.DotNetName);
                if (e.Id == Guid.Empty) e.Id = Guid.CreateVersion7();
                if (e.Timestamp == default) e.Timestamp = now;
                e.Version = ++stream.Version;
                yield return e;
            }
        }
    }

    private async Task Streams(NpgsqlConnection connection, StreamAction[] streams, CancellationToken token)
    {
        var now = parts.Options.Events.TimeProvider.GetUtcNow();
        await using var copy = await connection.BeginBinaryImportAsync(
            $"copy {parts.Names.Streams} (id, type, version, timestamp) from stdin (format binary)", token);
        foreach (var stream in streams)
        {
            await copy.StartRowAsync(token);
            await copy.WriteAsync(stream.Key, NpgsqlDbType.Varchar, token);
            await Text(copy, parts.StreamTypeName(stream.AggregateType), token);
            await copy.WriteAsync((long)stream.Events.Count, NpgsqlDbType.Bigint, token);
            await copy.WriteAsync(now, NpgsqlDbType.TimestampTz, token);
        }

        await copy.CompleteAsync(token);
    }

    private async Task Events(NpgsqlConnection connection, IEvent[] events, CancellationToken token)
    {
        var sequences = await Sequences(connection, events.Length, token);
        await using var copy = await connection.BeginBinaryImportAsync(
            $"copy {parts.Names.Events} (seq_id, id, stream_id, version, data, type, timestamp"
            + ", mt_dotnet_type"
            + (metadata.CausationIdEnabled ? ", causation_id" : "")
            + (metadata.CorrelationIdEnabled ? ", correlation_id" : "")
            + (metadata.UserNameEnabled ? ", user_name" : "")
            + (metadata.HeadersEnabled ? ", headers" : "") + ") from stdin (format binary)",
            token);
        for (var i = 0; i < events.Length; i++)
        {
            events[i].Sequence = sequences[i];
            await Event(copy, events[i], token);
        }

        await copy.CompleteAsync(token);
    }

    private async Task Event(NpgsqlBinaryImporter copy, IEvent e, CancellationToken token)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(e.Data, e.EventType, parts.Options.Json);
        await copy.StartRowAsync(token);
        await copy.WriteAsync(e.Sequence, NpgsqlDbType.Bigint, token);
        await copy.WriteAsync(e.Id, NpgsqlDbType.Uuid, token);
        await copy.WriteAsync(e.StreamKey!, NpgsqlDbType.Varchar, token);
        await copy.WriteAsync(e.Version, NpgsqlDbType.Bigint, token);
        await copy.WriteAsync(json, NpgsqlDbType.Jsonb, token);
        await copy.WriteAsync(e.EventTypeName, NpgsqlDbType.Varchar, token);
        await copy.WriteAsync(e.Timestamp.ToUniversalTime(), NpgsqlDbType.TimestampTz, token);
        await copy.WriteAsync(e.DotNetTypeName, NpgsqlDbType.Varchar, token);
        if (metadata.CausationIdEnabled) await Text(copy, e.CausationId, token);
        if (metadata.CorrelationIdEnabled) await Text(copy, e.CorrelationId, token);
        if (metadata.UserNameEnabled) await Text(copy, e.UserName, token);
        if (metadata.HeadersEnabled) await Headers(copy, e, token);
    }

    private async Task Headers(NpgsqlBinaryImporter copy, IEvent e, CancellationToken token)
    {
        if (e.Headers is not { Count: > 0 }) await copy.WriteNullAsync(token);
        else
            await copy.WriteAsync(
                JsonSerializer.SerializeToUtf8Bytes(e.Headers, parts.Options.Json),
                NpgsqlDbType.Jsonb,
                token);
    }

    private async Task<long[]> Sequences(NpgsqlConnection connection, int count, CancellationToken token)
    {
        await using var command = new NpgsqlCommand(
            "select array_agg(n order by n)"
            + " from (select nextval($1::regclass) as n from generate_series(1, $2)) as s",
            connection);
        command.Parameters.Add(new() { Value = parts.Names.Sequence });
        command.Parameters.Add(new() { Value = count });

        return (long[])(await command.ExecuteScalarAsync(token))!;
    }

    private static Task Text(NpgsqlBinaryImporter copy, string? text, CancellationToken token) =>
        text is null ? copy.WriteNullAsync(token) : copy.WriteAsync(text, NpgsqlDbType.Varchar, token);
}
