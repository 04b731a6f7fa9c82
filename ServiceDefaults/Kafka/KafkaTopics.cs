using Billing.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Kafka;

/// <summary>
/// Part of the migration run: the topics that a service owns, each with the partitions of the contract.
/// </summary>
public static partial class KafkaTopics
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Those that are there stay as they are; a broker that makes topics itself is only asked for them.
    /// </summary>
    /// <exception cref="CannotStartException">Kafka does not answer, or refuses a topic.</exception>
    public static async Task Ensure(
        IConfiguration configuration, string service, ILogger logger, CancellationToken cancellationToken)
    {
        using var client = new AdminClientBuilder(new AdminClientConfig
        {
            BootstrapServers = configuration.RequiredConnection(Resources.Kafka),
            ClientId = $"{service}-migrations",
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

        var owned = Topics.All.Where(topic => topic.Owner == service)
            .SelectMany(topic => new[] { topic, DeadLetters(topic) }).ToList();
        var there = await Task.Run(() => Ask(client), cancellationToken);
        foreach (var topic in owned.Where(
            topic => there.GetValueOrDefault(topic.Name, topic.Partitions) != topic.Partitions))
            OtherPartitions(logger, topic.Name, there[topic.Name], topic.Partitions);

        var missing = owned.Where(topic => !there.ContainsKey(topic.Name)).ToList();
        if (missing.Count > 0) await Make(client, missing, configuration);
        Ensured(logger, owned.Count, missing.Count);
    }

    private static Topic DeadLetters(Topic topic) =>
        topic with { Name = Topics.Dlq(topic.Name), Partitions = 1 };

    /// <summary>Topic → partitions. The question for all topics makes none.</summary>
    private static Dictionary<string, int> Ask(IAdminClient client)
    {
        try
        {
            return client.GetMetadata(Longest).Topics
                .Where(topic => topic.Error.Code == ErrorCode.NoError)
                .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
        }
        catch (KafkaException exception)
        {
            throw new CannotStartException(
                $"Kafka does not answer at ConnectionStrings:{Resources.Kafka} ({exception.Error.Reason}).",
                exception);
        }
    }

    private static async Task Make(IAdminClient client, List<Topic> missing, IConfiguration configuration)
    {
        // -1 leaves the number to the broker: one on a single machine, three in a cluster.
        var replicas = configuration.Optional("Kafka:ReplicationFactor", (short)-1);
        try
        {
            await client.CreateTopicsAsync(
                missing.Select(topic => new TopicSpecification
                {
                    Name = topic.Name,
                    NumPartitions = topic.Partitions,
                    ReplicationFactor = replicas,
                }),
                new CreateTopicsOptions { RequestTimeout = Longest, OperationTimeout = Longest });
        }
        catch (CreateTopicsException exception) when (
            exception.Results.All(
                result => result.Error.Code is ErrorCode.NoError or ErrorCode.TopicAlreadyExists))
        {
            // Another run was faster.
        }
        catch (KafkaException exception) when (exception.Error.Code is ErrorCode.Local_UnsupportedFeature)
        {
            foreach (var topic in missing) client.GetMetadata(topic.Name, Longest);
        }
        catch (KafkaException exception)
        {
            var reason = exception is CreateTopicsException { Results: var results }
                ? results.First(result => result.Error.IsError).Error.Reason
                : exception.Error.Reason;
            throw new CannotStartException(
                $"Kafka does not make the topics of this service: {reason}.", exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Topic {Topic} has {Partitions} partitions where the contract says {Expected}")]
    private static partial void OtherPartitions(ILogger logger, string topic, int partitions, int expected);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Owned} topics, {Made} of them made now")]
    private static partial void Ensured(ILogger logger, int owned, int made);
}
