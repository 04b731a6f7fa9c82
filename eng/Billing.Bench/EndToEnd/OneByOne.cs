using System.Diagnostics;
using System.Text.Json;
using Billing.Contracts;
using Confluent.Kafka;
using Npgsql;

namespace Billing.Bench.EndToEnd;

/// <summary>
/// The usual way, at its cheapest: one process that takes one event, and in one transaction and one round trip
/// remembers it, writes its charge and its balance, and how far it has read.
/// </summary>
internal static class OneByOne
{
    private const string Tables =
        """
        drop schema if exists alone cascade; create schema alone;
        create table alone.events (source text, id text, body jsonb not null, primary key (source, id));
        create table alone.charges (id bigint generated always as identity primary key, tenant text not null,
            source text not null, event text not null, units numeric not null, amount numeric not null);
        create index on alone.charges (tenant, id);
        create table alone.balances (tenant text primary key, units numeric not null, balance numeric not null);
        create table alone.positions (partition integer primary key, next bigint not null);
        """;

    /// <summary>Events a second, of that many.</summary>
    public static async Task<long> Measure(
        Installation bench, NpgsqlDataSource data, int events, CancellationToken cancellation)
    {
        await using var connection = await data.OpenConnectionAsync(cancellation);
        await using (var make = new NpgsqlCommand(Tables, connection)) await make.ExecuteNonQueryAsync(cancellation);
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bench.BootstrapServers,
            GroupId = "bench-alone",
            EnableAutoCommit = false,
        }).Build();
        consumer.Assign(Enumerable.Range(0, Topics.Partitions)
            .Select(partition => new TopicPartitionOffset(Topics.RawUsage, partition, Offset.Beginning)));

        var (clock, units) = (default(Stopwatch), new Dictionary<string, decimal>(StringComparer.Ordinal));
        for (var one = 0; one < events; one++)
        {
            var read = consumer.Consume(cancellation);
            clock ??= Stopwatch.StartNew(); // connecting is not reading
            await Write(connection, read, units, cancellation);
        }

        var took = clock!.Elapsed;
        await using var sum = new NpgsqlCommand("select sum(amount) from alone.charges", connection);
        return (decimal)(await sum.ExecuteScalarAsync(cancellation))! == units.Values.Sum(UsageLoad.Price)
            ? (long)(events / took.TotalSeconds)
            : throw new BenchFailed("one transaction for each event does not add up.");
    }

    private static async Task Write(
        NpgsqlConnection connection, ConsumeResult<Ignore, byte[]> read, Dictionary<string, decimal> units,
        CancellationToken cancellation)
    {
        var json = JsonSerializer.Deserialize<JsonElement>(read.Message.Value);
        var (tenant, source, id) = (
            json.GetProperty("subject").GetString()!, json.GetProperty("source").GetString()!,
            json.GetProperty("id").GetString()!);
        var used = json.GetProperty("data").GetProperty("bytes").GetDecimal();
        var before = units.GetValueOrDefault(tenant);
        units[tenant] = before + used;
        var amount = UsageLoad.Price(before + used) - UsageLoad.Price(before);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command(
                    "insert into alone.events values ($1, $2, $3::jsonb)", source, id, json.GetRawText()),
                Command(
                    "insert into alone.charges (tenant, source, event, units, amount) values ($1, $2, $3, $4, $5)",
                    tenant, source, id, used, amount),
                Command(
                    "insert into alone.balances as b values ($1, $2, $3) on conflict (tenant) do update "
                    + "set units = b.units + excluded.units, balance = b.balance + excluded.balance",
                    tenant, used, amount),
                Command(
                    "insert into alone.positions as p values ($1, $2) on conflict (partition) do update "
                    + "set next = excluded.next", read.Partition.Value, read.Offset.Value + 1),
            },
        };
        await batch.PrepareAsync(cancellation);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
