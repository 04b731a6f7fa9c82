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

    private static async Task<string> StartReal()
    {
        var binaries = KafkaBinaries.Find(out var why) ?? throw new PreparationFailed(why);
        var folder = Directory.CreateTempSubdirectory("billing-kafka-").FullName;
        var port = FreePort.Find();
        var (command, arguments) =
            LocalKafka.Prepare(binaries, Path.Combine(folder, "data"), _ => { }).StartCommand(port);
        var process = OwnedProcess.Start(command, arguments, folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => process.DisposeAsync().AsTask().Wait();

        var address = $"127.0.0.1:{port}";
        await Eventually.Is(
            async () => await KafkaProbe.Ask(address, default) is null, TimeSpan.FromMinutes(1),
            $"Kafka answers at {address}");

        return address;
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
