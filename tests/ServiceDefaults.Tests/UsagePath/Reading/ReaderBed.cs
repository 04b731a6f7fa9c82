using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Kafka;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.UsagePath.Reading;

/// <summary>One process that reads <see cref="Topics.Usage"/>, in this process.</summary>
internal sealed class Reader : IAsyncDisposable
{
    public const string Topic = Topics.Usage;

    private readonly IHost _host;

    private Reader(IHost host) => _host = host;

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    public BookKeeper Handler => Get<BookKeeper>();

    public TestLog Log => Get<TestLog>();

    /// <param name="group">Its own, so that no rebalance is waited for; null for the service's.</param>
    public static async Task<Reader> Run(
        TestDatabase database, string broker, string? group = "own",
        Action<HostApplicationBuilder>? add = null, Action<PathDescription>? path = null)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings
        {
            DisableDefaults = true,
        });
        builder.Configuration.AddConfiguration(database.Configuration);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [$"ConnectionStrings:{Resources.Kafka}"] = broker,
            ["Kafka:Group"] = group == "own" ? Guid.NewGuid().ToString("N") : group ?? database.Service,
            ["Kafka:SessionTimeoutMs"] = "3000",
            ["Relay:Lease"] = "00:00:03",
        });
        var services = builder.Services;
        services.AddSingleton<TestLog>()
            .AddSingleton<ILoggerProvider>(provider => provider.GetRequiredService<TestLog>());
        // Beats, looks, asks and pauses of seconds are the same in a quarter of the time.
        services.AddSingleton<TimeProvider>(new PathHost.FastTime(4)).AddTime()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug));
        services.AddSingleton(new ServiceIdentity(
            database.Service, Guid.NewGuid().ToString("N"), new("1.0.0", null, "1.0.0"), TestService.Start));
        services.AddSingleton(_ => ServiceDatabase.Of(builder.Configuration, database.Service));
        services.AddSingleton<KafkaConnection>();
        add?.Invoke(builder);
        builder.AddUsagePath(path ?? (described => described.Read<BookKeeper>().Publish(Topics.Ratings)));

        var reader = new Reader(builder.Build());
        await reader._host.StartAsync();
        return reader;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}

/// <summary>What the host logged, for looking into it.</summary>
internal sealed class TestLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}

/// <summary>Books each fact as one effect, and does what the fact's body says.</summary>
internal sealed class BookKeeper : IFactHandler
{
    public string Topic => Reader.Topic;

    /// <summary>What made facts fail has been repaired.</summary>
    public bool IsRepaired { get; set; }

    /// <summary>Called in each batch, before anything is written.</summary>
    public Func<FactBatch, CancellationToken, Task> OnBatch { get; set; } = (_, _) => Task.CompletedTask;

    public ConcurrentQueue<int> Batches { get; } = [];

    public string KeyOf(Fact fact) => Json(fact).GetProperty("key").GetString()!;

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        Batches.Enqueue(batch.Facts.Count);
        await OnBatch(batch, cancellation);
        foreach (var fact in batch.Facts)
        {
            var body = Json(fact);
            var what = body.GetProperty("do").GetString();
            if (what == "fail" && !IsRepaired) throw new InvalidOperationException("It cannot be done.");
            if (what == "park" && !IsRepaired)
            {
                batch.Park(fact, "The handler keeps it aside.");
                continue;
            }

            await Write(batch.Transaction.Connection, fact, body.GetProperty("key").GetString()!,
                cancellation);
        }
    }

    private static JsonElement Json(Fact fact) => JsonElement.Parse(fact.Body.Span);

    private static async Task Write(
        NpgsqlConnection connection, Fact fact, string key, CancellationToken cancellation)
    {
        await using var insert = new NpgsqlCommand(
            "insert into effects (topic, lane, number, fact_id, key) values ($1, $2, $3, $4, $5)", connection)
        {
            Parameters =
            {
                new() { Value = fact.Topic }, new() { Value = fact.Lane }, new() { Value = fact.Number },
                new() { Value = fact.Id.Value }, new() { Value = key },
            },
        };
        await insert.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>Publishes numbered facts by hand, as a relay does and as it should not.</summary>
internal sealed class Publisher(string broker, string topic = Reader.Topic) : IDisposable
{
    public const string Generation = "generation-1";

    private readonly IProducer<byte[], byte[]> _producer = new ProducerBuilder<byte[], byte[]>(
        new ProducerConfig { BootstrapServers = broker, EnableIdempotence = true, LingerMs = 1 }).Build();

    public static FactId IdOf(int lane, long number, string generation = Generation) => new(
        DerivedId.From("test", generation, $"{lane}", $"{number}"));

    public void Fact(
        int lane, long number, string key = "k", string what = "book", string generation = Generation,
        FactId? id = null, FactId? previous = null, string? wireName = null, byte[]? body = null)
    {
        var before = previous ?? (number > 1 ? IdOf(lane, number - 1, generation) : null);
        var headers = new Headers
        {
            { FactHeaders.WireName, Text(wireName ?? WireNames.Of(typeof(UsageAcceptedV1))) },
            { FactHeaders.Lane, Text($"{lane}") },
            { FactHeaders.Number, Text($"{number}") },
            { FactHeaders.Generation, Text(generation) },
            { FactHeaders.FactId, Text($"{id ?? IdOf(lane, number, generation)}") },
            { FactHeaders.PreviousFactId, Text($"{before}") },
        };
        Send(lane, new()
        {
            Key = Text($"tenant-{lane}"),
            Value = body ?? JsonSerializer.SerializeToUtf8Bytes(new { key, @do = what }),
            Headers = headers,
        });
    }

    public void Tide(int lane, long last, string generation = Generation) => Send(lane, new()
    {
        Value = ContractsJson.Write(new TideV1(topic, lane % Topics.Partitions, generation,
        [
            new(lane, last, last > 0 ? IdOf(lane, last, generation) : null),
        ])),
        Headers = new() { { FactHeaders.WireName, Text(WireNames.Of(typeof(TideV1))) } },
    });

    public void Send(int lane, Message<byte[], byte[]> message) =>
        _producer.Produce(new TopicPartition(topic, lane % Topics.Partitions), message);

    public void Flush() => _producer.Flush(Eventually.Patience);

    public void Dispose()
    {
        Flush();
        _producer.Dispose();
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}

/// <summary>Questions to a reader's store.</summary>
internal static class Books
{
    public static Task<long> Count(this TestDatabase database) =>
        database.Ask<long>(database.Owner, "select count(*) from effects");

    /// <summary>Each lane's numbers in the order of their effects.</summary>
    public static async Task<Dictionary<int, List<long>>> Numbers(this TestDatabase database)
    {
        await using var connection = await database.Open(database.Owner);
        await using var command =
            new NpgsqlCommand("select lane, number from effects order by place", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var numbers = new Dictionary<int, List<long>>();
        while (await rows.ReadAsync())
        {
            if (!numbers.TryGetValue(rows.GetInt32(0), out var lane)) numbers[rows.GetInt32(0)] = lane = [];
            lane.Add(rows.GetInt64(1));
        }

        return numbers;
    }

    public static Task<TestDatabase> Create() =>
        TestDatabase.Create(Resources.Pricing, typeof(PathHost.Program).Assembly);
}

/// <summary>Messages of a raw topic, each with a key of its own.</summary>
internal sealed class RawPublisher(string broker, string topic = Topics.RawUsage) : IDisposable
{
    private readonly IProducer<byte[], byte[]> _producer = new ProducerBuilder<byte[], byte[]>(
        new ProducerConfig { BootstrapServers = broker, EnableIdempotence = true, LingerMs = 1 }).Build();

    public void Send(int number, int? partition = null, string body = "{}") => _producer.Produce(
        new TopicPartition(topic, partition ?? number % Topics.Partitions), new()
        {
            Key = Encoding.UTF8.GetBytes($"message-{number}"),
            Value = Encoding.UTF8.GetBytes(body),
            Headers = new() { { "ce_id", Encoding.UTF8.GetBytes($"{number}") } },
        });

    public void Flush() => _producer.Flush(Eventually.Patience);

    public void Dispose()
    {
        Flush();
        _producer.Dispose();
    }
}
