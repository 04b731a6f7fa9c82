using System.Runtime.InteropServices;
using System.Text;

namespace Billing.Broker;

/// <summary>librdkafka refused something; the message says what and why.</summary>
internal sealed class BrokerFailed(string message) : Exception(message);

/// <summary>One broker of librdkafka's mock cluster: it speaks Kafka and keeps all in memory.</summary>
internal sealed class MockCluster : IDisposable
{
    private readonly nint client;
    private readonly nint cluster;

    private MockCluster(nint client, nint cluster) => (this.client, this.cluster) = (client, cluster);

    /// <summary>Host and port that clients bootstrap from; another port at every start.</summary>
    public string Address => Marshal.PtrToStringUTF8(Librdkafka.Bootstraps(cluster))!;

    public static MockCluster Start()
    {
        var client = NewClient();
        var cluster = Librdkafka.NewCluster(client, brokers: 1);
        if (cluster == 0)
        {
            Librdkafka.DestroyClient(client);
            throw new BrokerFailed("No port of 127.0.0.1 could be opened for the embedded Kafka broker.");
        }

        // Nobody waits for group members that will not come.
        Librdkafka.SetRebalanceDelay(cluster, 0);
        return new MockCluster(client, cluster);
    }

    public void Create(string topic, int partitions)
    {
        var error = Librdkafka.CreateTopic(cluster, topic, partitions, replicationFactor: 1);
        if (error != Librdkafka.NoError)
            throw new BrokerFailed($"Topic {topic} with {partitions} partitions: {Text(error)}.");
    }

    public void Dispose()
    {
        Librdkafka.DestroyCluster(cluster);
        Librdkafka.DestroyClient(client);
    }

    /// <summary>The cluster lives beside a client instance; ours talks to nobody.</summary>
    private static nint NewClient()
    {
        Span<byte> error = stackalloc byte[512];
        var configuration = Librdkafka.NewConfiguration();
        // 4: warnings and worse. Else it reports that it has no servers to connect to.
        Librdkafka.Set(configuration, "log_level", "4", error, (nuint)error.Length);
        var client = Librdkafka.NewClient(Librdkafka.Producer, configuration, error, (nuint)error.Length);
        return client != 0 ? client : throw new BrokerFailed(Text(error));
    }

    private static string Text(Span<byte> zeroTerminated) =>
        Encoding.UTF8.GetString(zeroTerminated[..Math.Max(0, zeroTerminated.IndexOf((byte)0))]);

    private static string Text(int error) => Marshal.PtrToStringUTF8(Librdkafka.ErrorText(error))!;
}
