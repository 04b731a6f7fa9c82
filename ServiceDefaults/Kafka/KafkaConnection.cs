using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
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
    public IProducer<byte[], byte[]> Producer => Working.Producer;

    /// <summary>
    /// Asks over the producer's connections, and goes with it: after a fatal error an answer may not come.
    /// </summary>
    public IAdminClient Admin => Working.Admin.Value;

    private Client Working => _client is { IsBroken: false } client ? client : Make();

    private Client Make()
    {
        lock (_making)
        {
            if (_client is { IsBroken: false } made) return made;
            if (_client is { } broken) _retired.Add(Task.Run(() => Retire(broken)));

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
            return client;
        }
    }

    /// <summary>
    /// Asks the brokers. Blocks for as long as they take, at most <paramref name="longest"/>.
    /// </summary>
    /// <exception cref="KafkaException">Nobody answered.</exception>
    public Metadata Ask(TimeSpan longest) => Admin.GetMetadata(longest);

    public void Dispose()
    {
        lock (_making)
        {
            if (_client is { } client) Retire(client);
            Task.WaitAll(_retired);
        }
    }

    /// <summary>Whoever waits for the report of a delivery gets it first.</summary>
    private static void Retire(Client client)
    {
        client.Producer.Flush(LongestFlush);
        if (client.Admin.IsValueCreated) client.Admin.Value.Dispose();
        client.Producer.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Kafka client: {Facility} {Line}")]
    private partial void Said(string facility, string line);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka: {Code} {Reason}")]
    private partial void Failed(ErrorCode code, string reason);

    private sealed class Client
    {
        public Client() => Admin = new(() => new DependentAdminClientBuilder(Producer.Handle).Build());

        public IProducer<byte[], byte[]> Producer { get; set; } = null!;

        public Lazy<IAdminClient> Admin { get; }

        public volatile bool IsBroken;
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
