using System.Globalization;
using System.Text;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Confluent.Kafka;

namespace Billing.Ingestion.Tests.Whole;

/// <summary>
/// What producers send: distinct events, resends of some, conflicts with some, and what cannot be read, in a
/// shuffled order that one number decides.
/// </summary>
internal sealed class Traffic
{
    public const int Tenants = 40;

    private readonly List<(string Key, byte[] Body)> messages = [];

    /// <param name="distinct">Valid events, each with an id of its own.</param>
    public Traffic(int distinct, int seed, DateTimeOffset now)
    {
        var random = new Random(seed);
        (Distinct, Seed) = (distinct, seed);
        for (var number = 0; number < distinct; number++)
        {
            // Some tenants use far more than others.
            var tenant = (int)(Tenants * Math.Pow(random.NextDouble(), 3));
            var usedAt = now.AddSeconds(-random.Next(86_400));
            Add(number, tenant, usedAt, 1 + number % 1_000);
            if (random.Next(10) == 0) Add(number, tenant, usedAt, 1 + number % 1_000);
            if (random.Next(100) == 0) Add(number, tenant, usedAt, 5_000 + number);
            if (random.Next(100) == 0) Malformed++;
        }

        for (var number = 0; number < Malformed; number++)
            messages.Add(($"tenant-{number % Tenants}", Encoding.UTF8.GetBytes(
                (number % 4) switch
                {
                    0 => "not json at all",
                    1 => """{"specversion":"1.0","id":"x","source":"s"}""",
                    2 => """{"specversion":"1.0","id":"y","id":"z","source":"s","type":"t","subject":"a"}""",
                    _ => """{"specversion":"1.0","id":"q","source":"/test","type":"api.call","subject":"tenant-1","time":"2026-13-45T00:00:00Z","data":{}}""",
                })));
        for (var last = messages.Count - 1; last > 0; last--)
        {
            var other = random.Next(last + 1);
            (messages[last], messages[other]) = (messages[other], messages[last]);
        }
    }

    public int Distinct { get; }

    public int Malformed { get; }

    public int Seed { get; }

    public int Count => messages.Count;

    /// <summary>Sends the messages from <paramref name="from"/> up to, but not including, another; all acknowledged.</summary>
    public void Send(string bootstrapServers, int from, int to)
    {
        using var producer = Producer(bootstrapServers);
        var failed = 0;
        for (var place = from; place < to; place++)
            while (true)
                try
                {
                    producer.Produce(
                        Topics.RawUsage,
                        new() { Key = Encoding.UTF8.GetBytes(messages[place].Key), Value = messages[place].Body },
                        report => Interlocked.Add(ref failed, report.Error.IsError ? 1 : 0));
                    break;
                }
                catch (ProduceException<byte[], byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
                {
                    producer.Poll(TimeSpan.FromMilliseconds(50));
                }

        producer.Flush(TimeSpan.FromMinutes(2)).ShouldBe(0);
        failed.ShouldBe(0);
    }

    /// <summary>The tenants and the meter that take the events, as Pricing would publish them.</summary>
    public static void SendCatalog(string bootstrapServers, DateTimeOffset now)
    {
        using var producer = Producer(bootstrapServers);
        var decision = new DecisionV1("test", now, "The catalog of a test");
        FactId? previous = null;
        var number = 0;
        Publish("api_calls", new MeterSetV1(
            MeterId.Of("api_calls"), "api.call", "call", Aggregation.Sum, [], decision, "calls"));
        for (var tenant = 0; tenant < Tenants; tenant++)
            Publish($"tenant-{tenant}", new TenantSetV1(TenantId.Of($"tenant-{tenant}"), "A tenant", "DE", decision));
        producer.Flush(TimeSpan.FromMinutes(2)).ShouldBe(0);

        void Publish(string key, object fact)
        {
            var id = new FactId(DerivedId.From("test-catalog", (++number).ToString(CultureInfo.InvariantCulture)));
            var headers = new Headers();
            Header(headers, FactHeaders.WireName, WireNames.Of(fact.GetType()));
            Header(headers, FactHeaders.Lane, "0");
            Header(headers, FactHeaders.Number, number.ToString(CultureInfo.InvariantCulture));
            Header(headers, FactHeaders.Generation, "test");
            Header(headers, FactHeaders.FactId, id.ToString());
            Header(headers, FactHeaders.PreviousFactId, previous?.ToString() ?? "");
            previous = id;
            producer.Produce(
                new TopicPartition(Topics.Catalog, 0),
                new() { Key = Encoding.UTF8.GetBytes(key), Value = ContractsJson.Write(fact), Headers = headers });
        }
    }

    private void Add(int number, int tenant, DateTimeOffset usedAt, int calls) => messages.Add((
        $"tenant-{tenant}",
        Encoding.UTF8.GetBytes(
            $$$"""
            {"specversion":"1.0","source":"/test/{{{number % 7}}}","id":"{{{Seed}}}-{{{number}}}","type":"api.call",
             "subject":"tenant-{{{tenant}}}","time":"{{{usedAt.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}}}","data":{"calls":{{{calls}}}}}
            """)));

    private static void Header(Headers headers, string name, string value) =>
        headers.Add(name, Encoding.UTF8.GetBytes(value));

    private static IProducer<byte[], byte[]> Producer(string bootstrapServers) =>
        new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            EnableIdempotence = true,
            MessageTimeoutMs = 120_000,
            QueueBufferingMaxMessages = 50_000,
            Partitioner = Partitioner.Murmur2Random,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
}
