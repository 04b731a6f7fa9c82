using System.Text;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Kafka;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Relaying;
using Billing.Testbed;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>One process of a service that sends facts: database, transactions, relay; nothing else.</summary>
internal sealed class Sender : IAsyncDisposable
{
    public const string Topic = Topics.Usage;

    private readonly ServiceProvider _services;
    private IHostedService[] _running = [];

    private Sender(ServiceProvider services) => _services = services;

    public BatchTransactions Transactions => _services.GetRequiredService<BatchTransactions>();

    public KafkaConnection Kafka => _services.GetRequiredService<KafkaConnection>();

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Not started yet.</summary>
    public static Sender Of(
        TestDatabase database, string broker, Action<IServiceCollection>? add = null, params string[] topics)
    {
        var services = new ServiceCollection();
        var configuration = new ConfigurationBuilder().AddConfiguration(database.Configuration)
            .AddInMemoryCollection(
                new Dictionary<string, string?> { [$"ConnectionStrings:{Resources.Kafka}"] = broker })
            .Build();
        services.AddSingleton<IConfiguration>(configuration);
        // Beats, tides and pauses of seconds are the same in a quarter of the time.
        services.AddSingleton<TimeProvider>(new PathHost.FastTime(4));
        services.AddTime().AddLogging(logging => logging.AddProvider(new TestLog()));
        services.AddSingleton(new ServiceIdentity(
            database.Service, Guid.NewGuid().ToString("N"), new("1.0.0", null, "1.0.0"), TestService.Start));
        services.AddSingleton(_ => ServiceDatabase.Of(configuration, database.Service));
        services.AddSingleton<KafkaConnection>().AddSingleton<SendFacts>().AddSingleton<BatchTransactions>();
        services.AddRelay(topics is [] ? [Topic] : topics);
        add?.Invoke(services);
        return new(services.BuildServiceProvider());
    }

    public static async Task<Sender> Run(
        TestDatabase database, string broker, Action<IServiceCollection>? add = null, params string[] topics)
    {
        var sender = Of(database, broker, add, topics);
        await sender.Start();
        return sender;
    }

    public async Task Start()
    {
        _running = [.. _services.GetServices<IHostedService>()];
        foreach (var service in _running) await service.StartAsync(CancellationToken.None);
    }

    /// <summary>In one transaction.</summary>
    public async Task Send(params IEnumerable<OutgoingFact> facts)
    {
        await using var transaction = await Transactions.Begin(CancellationToken.None);
        foreach (var fact in facts) transaction.Send(fact);
        await transaction.Commit(CancellationToken.None);
    }

    /// <summary>What the broker has acknowledged, of all lanes.</summary>
    public long Acknowledged
    {
        get
        {
            var state = Get<RelayState>();
            lock (state.Gate)
                return state.Topics.Values.SelectMany(topic => topic.Lanes)
                    .Sum(lane => lane?.Acknowledged ?? 0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _running.Reverse()) await service.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    /// <summary>As a death does it: nothing is marked or given back.</summary>
    public async ValueTask Kill()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        foreach (var service in _running.OfType<BackgroundService>())
        {
            await service.StopAsync(now.Token);
            await service.ExecuteTask!.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _services.DisposeAsync();
    }

    public static OutgoingFact Fact(int lane, int id, string topic = Topic, int bytes = 20) => new(
        topic, lane, IdOf(id), "billing.test.v1", $"tenant-{lane}",
        Body(id, bytes), null);

    /// <summary>Which does not become much smaller when it is compressed.</summary>
    private static byte[] Body(int id, int bytes)
    {
        var body = new byte[bytes];
        new Random(id).NextBytes(body);
        return body;
    }

    public static FactId IdOf(int id) => new(new Guid(id, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));

    private sealed class TestLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter) =>
            TestContext.Progress.WriteLine($"{formatter(state, exception)} {exception}");

        public void Dispose() { }
    }
}

/// <summary>A numbered fact as it is at the broker.</summary>
internal sealed record Published(
    int Partition, int Lane, long Number, FactId Id, FactId? Previous, string Generation, string WireName,
    string Key, string? Trace, byte[] Body);

/// <summary>Reads a topic from its beginning, facts and tides of one generation apart.</summary>
internal sealed class TopicReader : IDisposable
{
    private readonly IConsumer<byte[], byte[]> _consumer;
    private readonly string _generation;

    public TopicReader(string broker, string generation, string topic = Sender.Topic)
    {
        _generation = generation;
        _consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = broker,
            GroupId = "test-reader",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            AllowAutoCreateTopics = false,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        _consumer.Assign(admin.GetMetadata(topic, Eventually.Patience).Topics.Single().Partitions
            .Select(partition => new TopicPartitionOffset(topic, partition.PartitionId, Offset.Beginning)));
    }

    private readonly HashSet<(int Lane, long Number)> _seen = [];

    public List<Published> Facts { get; } = [];

    /// <summary>How many different ones.</summary>
    public int Count => _seen.Count;

    public List<TideV1> Tides { get; } = [];

    /// <summary>In the order in which they came, first copies only.</summary>
    public IEnumerable<Published> Distinct => Facts.DistinctBy(fact => (fact.Lane, fact.Number));

    /// <summary>Each lane's first copies come in the order of their numbers, none is missing.</summary>
    public void ShouldBeWhole(long facts)
    {
        foreach (var lane in Distinct.GroupBy(fact => fact.Lane))
        {
            var inOrder = lane.ToList();
            inOrder.Select(fact => fact.Number).ShouldBe(
                Enumerable.Range(1, inOrder.Count).Select(number => (long)number), $"lane {lane.Key}");
            inOrder.Select(fact => fact.Previous).ShouldBe(
                [null, .. inOrder.SkipLast(1).Select(fact => (FactId?)fact.Id)], $"lane {lane.Key}");
        }

        foreach (var copies in Facts.GroupBy(fact => (fact.Lane, fact.Number)))
            copies.Select(copy => (copy.Id, copy.Partition)).Distinct().Count().ShouldBe(1, $"{copies.Key}");
        ((long)Count).ShouldBe(facts);
    }

    public async Task Until(Func<bool> isEnough, string what = "") =>
        await Eventually.Is(() =>
        {
            while (!isEnough() && _consumer.Consume(20) is { Message: { } message } result)
                Take(result.Partition.Value, message);
            return isEnough();
        }, what: $"{what}; {Facts.Count} facts, {Count} different, {Tides.Count} tides");

    /// <summary>What is there now and nothing that is yet to come.</summary>
    public void Drain()
    {
        while (_consumer.Consume(300) is { Message: { } message } result)
            Take(result.Partition.Value, message);
    }

    public void Dispose() => _consumer.Dispose();

    private void Take(int partition, Message<byte[], byte[]> message)
    {
        if (Text(message, FactHeaders.Generation) != _generation) return;

        if (Text(message, FactHeaders.Number) is not { } number)
            Tides.Add(ContractsJson.Read<TideV1>(message.Value));
        else
        {
            Facts.Add(new(
                partition, int.Parse(Text(message, FactHeaders.Lane)!), long.Parse(number),
                Id(message, FactHeaders.FactId)!.Value, Id(message, FactHeaders.PreviousFactId), _generation,
                Text(message, FactHeaders.WireName)!, Encoding.UTF8.GetString(message.Key),
                Text(message, FactHeaders.TraceParent), message.Value));
            _seen.Add((Facts[^1].Lane, Facts[^1].Number));
        }
    }

    private static FactId? Id(Message<byte[], byte[]> message, string name) =>
        Text(message, name) is { Length: > 0 } text ? new FactId(Guid.ParseExact(text, "D")) : null;

    private static string? Text(Message<byte[], byte[]> message, string name) =>
        message.Headers.TryGetLastBytes(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : null;
}
