namespace Billing.LocalTools;

/// <summary>The configuration of one broker for one developer.</summary>
internal static class KafkaProperties
{
    private const int InternalPartitions = 4;

    public static string Text(string logDirectory, int port, int controllerPort) =>
        $"""
        # Written at each start; changes here are lost.
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:{controllerPort}
        listeners=CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}
        advertised.listeners=CLIENTS://127.0.0.1:{port}
        listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
        controller.listener.names=CONTROLLER
        inter.broker.listener.name=CLIENTS
        log.dirs={Escaped(logDirectory)}

        # Topics are made by the service that owns them, and by nobody's typing error.
        auto.create.topics.enable=false

        # One node holds every internal topic.
        default.replication.factor=1
        min.insync.replicas=1
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions={InternalPartitions}
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        transaction.state.log.num.partitions={InternalPartitions}
        share.coordinator.state.topic.replication.factor=1
        share.coordinator.state.topic.min.isr=1
        share.coordinator.state.topic.num.partitions={InternalPartitions}

        # Nobody waits for group members that will not come, nor for the session of a broker that was killed.
        group.initial.rebalance.delay.ms=0
        broker.session.timeout.ms=2000
        group.min.session.timeout.ms=1000
        broker.heartbeat.interval.ms=500

        # Few threads and small buffers.
        num.network.threads=2
        num.io.threads=4
        log.cleaner.dedupe.buffer.size=16777216

        """;

    // In a properties file a backslash begins an escape.
    private static string Escaped(string path) => path.Replace("\\", "\\\\", StringComparison.Ordinal);
}
