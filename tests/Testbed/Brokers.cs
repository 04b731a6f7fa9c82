using System.Collections;
using Billing.LocalTools;

namespace Billing.Testbed;

/// <summary>
/// What a fixture about Kafka runs on: <c>[TestFixtureSource(typeof(Brokers), nameof(Brokers.All))]</c> with
/// a <see cref="BrokerKind"/> as the constructor's argument. The embedded broker always; the real one when
/// <c>KAFKA_HOME</c> is set, else that fixture is ignored and says so.
/// </summary>
public static class Brokers
{
    public const string KafkaHome = "KAFKA_HOME";

    public static IEnumerable All
    {
        get
        {
            yield return new TestFixtureData(BrokerKind.Embedded);

            var real = new TestFixtureData(BrokerKind.Real);
            yield return HasRealOne ? real : real.Ignore($"needs a real broker: {KafkaHome} is not set");
        }
    }

    public static bool HasRealOne => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KafkaHome));

    private static readonly Lazy<Task<string>> embedded = new(async () =>
        (await StartEmbedded()).BootstrapServers);
    private static readonly Lazy<Task<string>> real = new(StartReal);

    /// <summary>Bootstrap servers of the one broker of that kind that this test process shares.</summary>
    public static Task<string> Shared(BrokerKind kind) =>
        kind == BrokerKind.Real ? real.Value : embedded.Value;

    /// <summary>An embedded broker for one test alone, empty.</summary>
    public static async Task<EmbeddedBroker> StartEmbedded()
    {
        var file = Path.Combine(Path.GetTempPath(), $"billing-broker-{Guid.NewGuid():N}");
        var process = OwnedProcess.Start(Programs.Path("eng/Billing.Broker"), ["--address-file", file]);
        var address = await Eventually.Gives(async () =>
        {
            if (process.HasExited) Assert.Fail($"The embedded broker ended at once: {process.Said}");

            return File.Exists(file) ? (await File.ReadAllTextAsync(file)).Trim() : null;
        });

        return new(process, address);
    }

    /// <summary>Apache Kafka for one test alone, empty. Only where <see cref="HasRealOne"/>.</summary>
    public static Task<RealBroker> StartOwnReal() => RealBroker.Start();

    private static async Task<string> StartReal()
    {
        var broker = await RealBroker.Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => broker.DisposeAsync().AsTask().Wait();

        return broker.BootstrapServers;
    }
}

/// <summary>Which broker a fixture runs on. Its name is in the fixture's name.</summary>
public enum BrokerKind
{
    /// <summary>librdkafka's mock cluster, in a process of ours.</summary>
    Embedded,

    /// <summary>Apache Kafka.</summary>
    Real,
}

/// <summary>A broker of a test's own.</summary>
public sealed class EmbeddedBroker(OwnedProcess process, string bootstrapServers) : IAsyncDisposable
{
    public string BootstrapServers => bootstrapServers;

    public ValueTask DisposeAsync() => process.DisposeAsync();
}

/// <summary>Apache Kafka that a test may kill and start again, on the same port and the same data.</summary>
public sealed class RealBroker : IAsyncDisposable
{
    private readonly LocalKafka kafka;
    private readonly string folder;
    private readonly int port = FreePort.Find();
    private OwnedProcess process = null!;

    private RealBroker(LocalKafka kafka, string folder) => (this.kafka, this.folder) = (kafka, folder);

    public string BootstrapServers => $"127.0.0.1:{port}";

    internal static async Task<RealBroker> Start()
    {
        var binaries = KafkaBinaries.Find(out var why) ?? throw new PreparationFailed(why);
        var folder = Directory.CreateTempSubdirectory("billing-kafka-").FullName;
        var broker = new RealBroker(LocalKafka.Prepare(binaries, Path.Combine(folder, "data"), _ => { }), folder);
        await broker.StartAgain();

        return broker;
    }

    /// <summary>SIGKILL, as a crash of its machine would; what was acknowledged is in its log.</summary>
    public Task Kill() => process.Kill();

    /// <summary>After <see cref="Kill"/>; done when it answers.</summary>
    public async Task StartAgain()
    {
        var (command, arguments) = kafka.StartCommand(port);
        process = OwnedProcess.Start(command, arguments);
        await Eventually.Is(
            async () => await KafkaProbe.Ask(BootstrapServers, default) is null, TimeSpan.FromMinutes(3),
            $"Kafka answers at {BootstrapServers}");
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
