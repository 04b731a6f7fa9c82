using System.Collections.Concurrent;
using System.Diagnostics;
using Billing.Contracts;
using Billing.ServiceDefaults.Kafka;
using Billing.Testbed;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.ServiceDefaults.Tests.Kafka;

[TestFixtureSource(typeof(Brokers), nameof(Brokers.All))]
public class KafkaTests(BrokerKind kind)
{
    private IConfiguration _configuration = null!;

    [OneTimeSetUp]
    public async Task Configure() => _configuration = To(await Brokers.Shared(kind));

    [Test]
    public async Task each_service_makes_its_topics_and_making_them_again_changes_nothing()
    {
        foreach (var service in Resources.Services.Concat(Resources.Services))
            await KafkaTopics.Ensure(_configuration, service, NullLogger.Instance, CancellationToken.None);

        using var kafka = Connect(_configuration);
        // A broker tells of a topic a moment after it was made.
        var there = await Eventually.Gives(() => Task.FromResult(AllOf(kafka)));
        foreach (var topic in Topics.All)
        {
            there[topic.Name].ShouldBe(topic.Partitions, topic.Name);
            there.ShouldContainKey(Topics.Dlq(topic.Name));
        }
    }

    private static Dictionary<string, int>? AllOf(KafkaConnection kafka)
    {
        var there = kafka.Ask(Eventually.Patience)
            .Topics.ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
        return Topics.All.All(topic => there.ContainsKey(topic.Name)) ? there : null;
    }

    [Test]
    public async Task a_trace_goes_on_at_the_other_end_of_a_topic()
    {
        await KafkaTopics.Ensure(
            _configuration, Resources.Console, NullLogger.Instance, CancellationToken.None);
        using var spans = new Spans();
        using var kafka = Connect(_configuration);
        var headers = new Headers();

        DeliveryResult<byte[], byte[]> sent;
        using (KafkaTrace.Send(Topics.Services, headers))
            sent = await kafka.Producer.ProduceAsync(
                new TopicPartition(Topics.Services, 3), new() { Key = [1], Value = [2], Headers = headers });
        var message = Read(sent.TopicPartitionOffset);
        using (KafkaTrace.Process(Topics.Services, message.Headers, "reader")) { }

        var (send, process) = (spans.Ended.First(), spans.Ended.Last());
        process.TraceId.ShouldBe(send.TraceId);
        process.ParentSpanId.ShouldBe(send.SpanId);
        (send.Kind, process.Kind).ShouldBe((ActivityKind.Producer, ActivityKind.Consumer));
        process.GetTagItem("messaging.system").ShouldBe("kafka");
        process.GetTagItem("messaging.destination.name").ShouldBe(Topics.Services);
        process.GetTagItem("messaging.consumer.group.name").ShouldBe("reader");
    }

    [Test]
    public async Task ready_means_that_Kafka_answers()
    {
        using var kafka = Connect(_configuration);
        var health = new KafkaHealth(kafka, new VirtualTime(TestService.Start));

        // It waits for two seconds only, in which a new client on a busy machine may not have come so far.
        await Eventually.Is(async () =>
            (await health.CheckHealthAsync(new(), CancellationToken.None)).Status == HealthStatus.Healthy);
    }

    private Message<byte[], byte[]> Read(TopicPartitionOffset position)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            KafkaSettings.Consumer(_configuration, "test")).Build();
        consumer.Assign(position);
        return consumer.Consume(Eventually.Patience).Message;
    }

    internal static IConfiguration To(string address) => new ConfigurationBuilder().AddInMemoryCollection(
        new Dictionary<string, string?> { [$"ConnectionStrings:{Resources.Kafka}"] = address }).Build();

    internal static KafkaConnection Connect(IConfiguration configuration) => new(
        configuration, new("tested", "1", new("1.0.0", null, "1.0.0"), TestService.Start),
        NullLogger<KafkaConnection>.Instance);

    private sealed class Spans : IDisposable
    {
        private readonly ActivityListener _listener;

        public Spans()
        {
            _listener = new()
            {
                ShouldListenTo = source => source.Name == Telemetry.SourceName,
                Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = Ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public ConcurrentQueue<Activity> Ended { get; } = [];

        public void Dispose() => _listener.Dispose();
    }
}

public class WithoutKafka
{
    [Test]
    public async Task a_service_is_not_ready_and_the_migration_run_says_why()
    {
        var nowhere = KafkaTests.To($"127.0.0.1:{LocalTools.FreePort.Find()}");
        using var kafka = KafkaTests.Connect(nowhere);

        var health = await new KafkaHealth(kafka, new VirtualTime(TestService.Start))
            .CheckHealthAsync(new(), CancellationToken.None);

        health.Status.ShouldBe(HealthStatus.Unhealthy);
        health.Description.ShouldBe("Kafka does not answer.");
    }

    [Test]
    public void what_waits_for_a_broker_waits_however_long_it_takes_so_that_nothing_overtakes_it() =>
        KafkaSettings.Producer(KafkaTests.To("127.0.0.1:1"), "tested").MessageTimeoutMs.ShouldBe(0);

    [TestCase(null, 500)]
    [TestCase("100", 100)]
    public void a_broker_holds_a_reader_s_question_as_long_as_is_set(string? asked, int milliseconds)
    {
        var configuration = new ConfigurationBuilder()
            .AddConfiguration(KafkaTests.To("127.0.0.1:1"))
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Kafka:FetchWaitMs"] = asked }).Build();

        KafkaSettings.Consumer(configuration, "tested").FetchWaitMaxMs.ShouldBe(milliseconds);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("rubbish")]
    [TestCase("00-0-0-00")]
    public void headers_without_a_trace_begin_a_new_one(string? traceparent)
    {
        var headers = new Headers();
        if (traceparent is not null) headers.Add(
            FactHeaders.TraceParent, System.Text.Encoding.UTF8.GetBytes(traceparent));

        KafkaTrace.Extract(headers).ShouldBe(default);
        KafkaTrace.Extract(null).ShouldBe(default);
    }
}
