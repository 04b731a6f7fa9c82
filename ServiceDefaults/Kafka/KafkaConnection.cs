using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Kafka;

/// <summary>
/// The service's one producer. It also answers whether Kafka does, so that probing opens no connection.
/// </summary>
public sealed partial class KafkaConnection(
    IConfiguration configuration, ServiceIdentity service, ILogger<KafkaConnection> logger) : IDisposable
{
    private static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(5);

    private readonly ProducerConfig _settings = KafkaSettings.Producer(configuration, service.Name);
    private readonly Lock _making = new();
    private readonly List<Task> _retired = [];
    private volatile Client? _client;

    /// <summary>
    /// Another one after a fatal error, from which an idempotent producer does not recover. What was under
    /// way then may have arrived or not.
    /// </summary>
    public IProducer<byte[], byte[]> Producer =>
        _client is { IsBroken: false } client ? client.Producer : Make();

    private IProducer<byte[], byte[]> Make()
    {
        lock (_making)
        {
            if (_client is { IsBroken: false } made) return made.Producer;
            if (_client is { } broken) _retired.Add(Task.Run(() => Retire(broken.Producer)));

            var client = new Client();
            client.Producer = new ProducerBuilder<byte[], byte[]>(_settings)
                .SetLogHandler((_, line) => Said(line.Facility, line.Message))
                .SetErrorHandler((_, error) =>
                {
                    client.IsBroken |= error.IsFatal;
                    Failed(error.Code, error.Reason);
                })
                .Build();
            _client = client;
            return client.Producer;
        }
    }

    /// <summary>
    /// Asks the brokers. Blocks for as long as they take, at most <paramref name="longest"/>.
    /// </summary>
    /// <exception cref="KafkaException">Nobody answered.</exception>
    public Metadata Ask(TimeSpan longest)
    {
        using var client = new DependentAdminClientBuilder(Producer.Handle).Build();
        return client.GetMetadata(longest);
    }

    public void Dispose()
    {
        lock (_making)
        {
            if (_client is { } client) Retire(client.Producer);
            Task.WaitAll(_retired);
        }
    }

    /// <summary>Whoever waits for the report of a delivery gets it first.</summary>
    private static void Retire(IProducer<byte[], byte[]> producer)
    {
        producer.Flush(LongestFlush);
        producer.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Kafka client: {Facility} {Line}")]
    private partial void Said(string facility, string line);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka: {Code} {Reason}")]
    private partial void Failed(ErrorCode code, string reason);

    private sealed class Client
    {
        public IProducer<byte[], byte[]> Producer { get; set; } = null!;

        public volatile bool IsBroken;
    }
}

/// <summary>
/// Ready means that Kafka answers. The answer is kept for a moment, so that probing stays cheap.
/// </summary>
public sealed class KafkaHealth(KafkaConnection kafka, TimeProvider time) : IHealthCheck
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(5), Longest = TimeSpan.FromSeconds(2);

    private readonly Lock _asking = new();
    private (DateTimeOffset At, HealthCheckResult Result)? _last;

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetUtcNow() - last.At < Kept) return last.Result;
        return await Task.Run(Ask, cancellationToken);
    }

    private HealthCheckResult Ask()
    {
        lock (_asking)
        {
            if (_last is { } last && time.GetUtcNow() - last.At < Kept) return last.Result;

            var result = Try();
            // Bad news is not kept: whoever waits for the broker should hear of it at once.
            _last = result.Status == HealthStatus.Healthy ? (time.GetUtcNow(), result) : null;
            return result;
        }
    }

    private HealthCheckResult Try()
    {
        try
        {
            return kafka.Ask(Longest).Brokers.Count > 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("Kafka has no broker.");
        }
        catch (KafkaException)
        {
            return HealthCheckResult.Unhealthy("Kafka does not answer.");
        }
    }
}

public static class KafkaRegistration
{
    public static IServiceCollection AddKafka(this IServiceCollection services, IConfiguration configuration)
    {
        _ = configuration.RequiredConnection(Contracts.Resources.Kafka);
        services.AddSingleton<KafkaConnection>().AddSingleton<KafkaHealth>();
        services.AddHealthChecks().AddCheck<KafkaHealth>(
            "kafka", tags: [Health.ReadyTag], timeout: Health.LongestCheck);
        return services;
    }
}
