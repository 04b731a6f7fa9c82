using Billing.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;

namespace Billing.ServiceDefaults.Kafka;

/// <summary>
/// How every client of ours talks to Kafka; the addresses come from <c>ConnectionStrings:kafka</c>.
/// </summary>
public static class KafkaSettings
{
    // A broker that is back is found soon; the client's own bound is ten seconds.
    private const int LongestReconnectMs = 1_000;

    /// <summary>Idempotent, all replicas, in order: what is acknowledged is there once.</summary>
    public static ProducerConfig Producer(IConfiguration configuration, string service) => new()
    {
        BootstrapServers = configuration.RequiredConnection(Resources.Kafka),
        ClientId = service,
        EnableIdempotence = true,
        Acks = Acks.All,
        // The relay gathers before it publishes; this is for what it gives at once to find itself together.
        LingerMs = 5,
        CompressionType = CompressionType.Lz4,
        // None. What has waited for a broker too long would fail, and what came after it go out before it.
        MessageTimeoutMs = 0,
        ReconnectBackoffMaxMs = LongestReconnectMs,
        AllowAutoCreateTopics = false,
        SocketKeepaliveEnable = true,
        // Else key, value and headers are copied back into each report of a delivery; nobody reads them.
        DeliveryReportFields = "none",
    };

    /// <summary>
    /// Reads from where our own store says (docs/adr/0005): nothing is committed by itself, and a position
    /// that is gone is an error to be seen, never a jump to the end.
    /// </summary>
    public static ConsumerConfig Consumer(IConfiguration configuration, string service) => new()
    {
        BootstrapServers = configuration.RequiredConnection(Resources.Kafka),
        ClientId = service,
        GroupId = service,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        AllowAutoCreateTopics = false,
        IsolationLevel = IsolationLevel.ReadCommitted,
        SocketKeepaliveEnable = true,
        ReconnectBackoffMaxMs = LongestReconnectMs,
        // Bounded memory: librdkafka would hold up to 64 MiB for each client.
        QueuedMaxMessagesKbytes = 16 * 1024,
        FetchMaxBytes = 8 * 1024 * 1024,
        // How long the broker may hold a question that it has nothing for yet.
        FetchWaitMaxMs = configuration.Optional("Kafka:FetchWaitMs", 500),
    };
}
