using System.Text.Json;
using Confluent.Kafka;
using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.UsagePath.Parking;

/// <summary>What is kept aside, with the message as it came.</summary>
/// <param name="Lane">Null where the message has no number.</param>
/// <param name="Key">Later facts of it are parked behind this one.</param>
/// <param name="Headers">JSON: <c>[[name, base64], …]</c> in their order, since a name may come
/// twice.</param>
internal sealed record ParkedRow(
    string Topic, int Partition, int? Lane, long? Number, Guid? FactId, string? WireName, string Key,
    byte[]? MessageKey, byte[] Body, string Headers, string Reason)
{
    public static string Text(Headers? headers) => JsonSerializer.Serialize(
        (headers ?? []).Select(
            header => new[] { header.Key, Convert.ToBase64String(header.GetValueBytes() ?? []) }));

    public static Headers Read(string headers)
    {
        var read = new Headers();
        foreach (var header in JsonSerializer.Deserialize<string[][]>(headers)!)
            read.Add(header[0], Convert.FromBase64String(header[1]));

        return read;
    }
}

internal static class ParkedRows
{
    /// <summary>In the order given. Of messages without a number each content is kept once.</summary>
    public static async Task Insert(
        NpgsqlConnection connection, IReadOnlyList<ParkedRow> rows, DateTimeOffset now,
        CancellationToken cancellation)
    {
        if (rows.Count == 0) return;

        await using var command = new NpgsqlCommand(
            """
            insert into parked_facts
                (topic, partition, lane, number, fact_id, wire_name, key, message_key, body, headers, reason,
                 parked_at)
            select topic, partition, lane, number, fact_id, wire_name, key, message_key, body, headers,
                   reason, $12
            from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb[], $11) with ordinality as given
                (topic, partition, lane, number, fact_id, wire_name, key, message_key, body, headers, reason,
                 place)
            where number is not null or lane is not null or not exists (
                select from parked_facts p
                where p.topic = given.topic and p.key = given.key and p.redrive_asked_at is null)
            order by place
            """, connection)
        {
            Parameters =
            {
                Array(rows, row => row.Topic, NpgsqlDbType.Text),
                Array(rows, row => row.Partition, NpgsqlDbType.Integer),
                Array(rows, row => row.Lane, NpgsqlDbType.Integer),
                Array(rows, row => row.Number, NpgsqlDbType.Bigint),
                Array(rows, row => row.FactId, NpgsqlDbType.Uuid),
                Array(rows, row => row.WireName, NpgsqlDbType.Text),
                Array(rows, row => row.Key, NpgsqlDbType.Text),
                Array(rows, row => row.MessageKey, NpgsqlDbType.Bytea),
                Array(rows, row => row.Body, NpgsqlDbType.Bytea),
                Array(rows, row => row.Headers, NpgsqlDbType.Text),
                Array(rows, row => row.Reason, NpgsqlDbType.Text),
                new() { Value = now },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Whether one of these lanes has anything parked.</summary>
    public static async Task<bool> Any(
        NpgsqlConnection connection, string topic, int[] lanes, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select exists (select from parked_facts where topic = $1 and lane = any ($2))", connection)
        {
            Parameters = { new() { Value = topic }, new() { Value = lanes } },
        };
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Of these keys those that have something parked, with their lanes.</summary>
    public static async Task<HashSet<(int Lane, string Key)>> Keys(
        NpgsqlConnection connection, string topic, string[] keys, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select distinct lane, key from parked_facts
            where topic = $1 and key = any ($2) and lane is not null and number is not null
            """, connection)
        {
            Parameters = { new() { Value = topic }, new() { Value = keys } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new HashSet<(int, string)>();
        while (await rows.ReadAsync(cancellation)) found.Add((rows.GetInt32(0), rows.GetString(1)));
        return found;
    }

    private static NpgsqlParameter Array<T>(
        IReadOnlyList<ParkedRow> rows, Func<ParkedRow, T> part, NpgsqlDbType type) =>
        new() { Value = rows.Select(part).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
