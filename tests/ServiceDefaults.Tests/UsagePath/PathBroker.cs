using Billing.Contracts;
using Billing.ServiceDefaults.Kafka;
using Billing.Testbed;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.ServiceDefaults.Tests.UsagePath;

/// <summary>
/// A broker with the topics of the contract, empty: an embedded one of the test's own, or the shared real one
/// with its topics deleted and made again.
/// </summary>
internal sealed class PathBroker : IAsyncDisposable
{
    private readonly EmbeddedBroker? _embedded;

    private PathBroker(string address, EmbeddedBroker? embedded) =>
        (Address, _embedded) = (address, embedded);

    public string Address { get; }

    public static async Task<PathBroker> Start(BrokerKind kind)
    {
        if (kind == BrokerKind.Embedded)
        {
            var embedded = await Brokers.StartEmbedded();
            return new(embedded.BootstrapServers, embedded);
        }

        var address = await Brokers.Shared(kind);
        await Renew(
            address, Topics.Usage, Topics.Dlq(Topics.Usage), Topics.Ratings, Topics.RawUsage,
            Topics.Dlq(Topics.RawUsage), Topics.ReplayRequests);
        return new(address, null);
    }

    /// <summary>Deletes topics of a real broker and makes them again, empty.</summary>
    public static async Task Renew(string address, params IReadOnlyList<string> topics)
    {
        using var admin =
            new AdminClientBuilder(new AdminClientConfig { BootstrapServers = address }).Build();
        var there = Names(admin);
        if (topics.Where(there.Contains).ToList() is { Count: > 0 } gone)
        {
            await admin.DeleteTopicsAsync(gone);
            await Eventually.Is(() => !Names(admin).Overlaps(gone));
        }

        foreach (var service in Resources.Services)
            await KafkaTopics.Ensure(Configuration(address), service, NullLogger.Instance,
                CancellationToken.None);
        await Eventually.Is(() => Names(admin).IsSupersetOf(topics));
    }

    public ValueTask DisposeAsync() => _embedded?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static HashSet<string> Names(IAdminClient admin) =>
        [.. admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics.Select(topic => topic.Topic)];

    private static IConfiguration Configuration(string address) => new ConfigurationBuilder()
        .AddInMemoryCollection(
            new Dictionary<string, string?> { [$"ConnectionStrings:{Resources.Kafka}"] = address }).Build();
}
