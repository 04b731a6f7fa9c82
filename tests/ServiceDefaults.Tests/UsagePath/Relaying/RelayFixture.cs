using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.ServiceDefaults.Kafka;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>A store of a test's own and a broker that several share; generations tell them apart.</summary>
internal abstract class RelayFixture
{
    protected string Broker { get; set; } = null!;

    protected TestDatabase Database { get; private set; } = null!;

    protected string Generation { get; private set; } = null!;

    [SetUp]
    public async Task Create()
    {
        Database = await TestDatabase.Create(Resources.Ingestion, GetType().Assembly);
        Generation = await Database.Ask<string>(Database.Writer, "select generation from installation");
    }

    [TearDown]
    public async Task Remove() => await Database.DisposeAsync();

    protected static async Task MakeTopics(string broker)
    {
        foreach (var service in Resources.Services)
            await KafkaTopics.Ensure(
                Tests.Kafka.KafkaTests.To(broker), service, NullLogger.Instance, CancellationToken.None);
    }

    protected Task<Sender> Run(Action<IServiceCollection>? add = null) => Sender.Run(Database, Broker, add);

    /// <summary>Commits, and never publishes: another process, or one that died before it could.</summary>
    protected Sender Mute() => Sender.Of(Database, Broker);

    protected TopicReader Read() => new(Broker, Generation);

    protected Task<long> Marked() => Database.Ask<long>(
        Database.Writer, "select coalesce(sum(acknowledged), 0)::bigint from relay_marks");

    protected Task Marked(long facts) =>
        Eventually.Is(async () => await Marked() == facts, what: $"{facts} marked");

    protected Task Release() => Database.Do(Database.Writer, "update relay_leases set expires_at = now()");

    protected async Task Ask(params ReplayRequestV1[] requests)
    {
        using var kafka = Tests.Kafka.KafkaTests.Connect(Tests.Kafka.KafkaTests.To(Broker));
        foreach (var request in requests)
            await kafka.Producer.ProduceAsync(
                Topics.ReplayRequests, new() { Key = [1], Value = ContractsJson.Write(request) });
    }

    protected static IEnumerable<OutgoingFact> Facts(int from, int count, int lanes = 7, int bytes = 20) =>
        Enumerable.Range(from, count).Select(id => Sender.Fact(id % lanes, id + 1, bytes: bytes));
}

/// <summary>Ends a process at a step, in as far as a test can within its own.</summary>
internal sealed class DieAt(Step step, int time) : IStepWatch
{
    private int _times;

    public bool IsDead => Volatile.Read(ref _times) >= time;

    public void Reached(Step reached, string topic)
    {
        if (reached == step && Interlocked.Increment(ref _times) >= time)
            throw new InvalidOperationException($"Dead at {step}.");
    }
}
