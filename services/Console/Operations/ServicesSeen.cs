using System.Collections.Concurrent;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;

namespace Billing.Console.Operations;

/// <summary>One process of a service, as it announced itself.</summary>
/// <param name="LastSeen">When the newest announcement reached Kafka.</param>
public sealed record ServiceInstance(
    string Service, string Instance, string Version, DateTimeOffset StartedAt, DateTimeOffset LastSeen);

/// <summary>
/// Reads every announcement on <see cref="Topics.Services"/> from the beginning, each time the Console
/// starts. There is nothing to remember in between, so no consumer group and no stored position.
/// </summary>
public sealed partial class ServicesSeen(
    IConfiguration configuration, KafkaConnection kafka, ServiceIdentity self, TimeProvider time,
    ILogger<ServicesSeen> logger) : BackgroundService
{
    /// <summary>
    /// Of each service the newest are kept, so that a service that crashes all day fills no memory.
    /// </summary>
    private const int MostInstances = 20;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, ServiceInstance> _seen = new(StringComparer.Ordinal);

    public IReadOnlyList<ServiceInstance> All =>
    [
        .. _seen.Values.OrderBy(instance => Order(instance.Service))
            .ThenByDescending(instance => instance.StartedAt),
    ];

    public static void Add(WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<ServicesSeen>()
            .AddHostedService(provider => provider.GetRequiredService<ServicesSeen>());

    // The client blocks while it waits, so it gets a thread of its own.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.Factory.StartNew(
            () => ReadUntilStopped(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap();

    private async Task ReadUntilStopped(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Read(stopping);
            }
            catch (KafkaException exception)
            {
                Interrupted(exception.Error.Code);
            }
            await Task.Delay(Wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Read(CancellationToken stopping)
    {
        var topic = kafka.Ask(TimeSpan.FromSeconds(5)).Topics.Find(topic => topic.Topic == Topics.Services);
        if (topic is null || topic.Partitions.Count == 0) return;

        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            KafkaSettings.Consumer(configuration, self.Name))
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, error) => Interrupted(error.Code)).Build();
        consumer.Assign(topic.Partitions.Select(partition =>
            new TopicPartitionOffset(Topics.Services, partition.PartitionId, Offset.Beginning)));
        while (!stopping.IsCancellationRequested)
            if (consumer.Consume(Wait) is { Message: { } message }) Take(message);
        consumer.Close();
    }

    private void Take(Message<byte[], byte[]> message)
    {
        using var span = KafkaTrace.Process(Topics.Services, message.Headers, self.Name);
        try
        {
            var fact = JsonSerializer.Deserialize<ServiceStartedV1>(message.Value, ContractsJson.Options)!;
            var at = new DateTimeOffset(message.Timestamp.UtcDateTime, TimeSpan.Zero);
            _seen[fact.Instance] = new(fact.Service, fact.Instance, fact.Version, fact.StartedAt, at);
            Forget(fact.Service);
        }
        catch (JsonException)
        {
            NotUnderstood(Topics.Services);
        }
    }

    private void Forget(string service)
    {
        var old = _seen.Values.Where(instance => instance.Service == service)
            .OrderByDescending(instance => instance.LastSeen).Skip(MostInstances);
        foreach (var instance in old) _seen.TryRemove(instance.Instance, out _);
    }

    private static int Order(string service) =>
        Resources.Services.Contains(service) ? Resources.Services.ToList().IndexOf(service) : int.MaxValue;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading the announcements was interrupted: {Code}")]
    private partial void Interrupted(ErrorCode code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A message on {Topic} is not an announcement")]
    private partial void NotUnderstood(string topic);
}
