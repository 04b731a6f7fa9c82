using System.Runtime.InteropServices;

namespace Billing.Broker;

/// <summary>The few functions of librdkafka's mock cluster that are needed. Pointers are handles.</summary>
internal static partial class Librdkafka
{
    private const string Library = "librdkafka";

    public const int Producer = 0;
    public const int NoError = 0;

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Set(
        nint configuration, string name, string value, Span<byte> error, nuint errorSize);

    /// <summary>Owns the configuration from here on. Zero, with the reason in the error text.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    public static partial nint NewClient(int type, nint configuration, Span<byte> error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void DestroyClient(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    public static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    public static partial void DestroyCluster(nint cluster);

    /// <summary>A string that the cluster owns.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    public static partial nint Bootstraps(nint cluster);

    [LibraryImport(
        Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateTopic(nint cluster, string topic, int partitions, int replicationFactor);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_group_initial_rebalance_delay_ms")]
    public static partial void SetRebalanceDelay(nint cluster, int milliseconds);

    [LibraryImport(Library, EntryPoint = "rd_kafka_err2str")]
    public static partial nint ErrorText(int error);
}
