using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Parking;
using Billing.ServiceDefaults.UsagePath.Reading;
using Billing.ServiceDefaults.UsagePath.Relaying;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>What a service reads, publishes and keeps waiting. All handlers are singletons.</summary>
public sealed class PathDescription
{
    private readonly IServiceCollection _services;
    private readonly List<string> _published = [];
    private readonly Dictionary<string, Func<IServiceProvider, IInboxHandler>> _inboxes = [];

    internal PathDescription(IServiceCollection services) => _services = services;

    internal IReadOnlyList<string> Published => _published;

    /// <summary>A numbered topic.</summary>
    public PathDescription Read<T>() where T : class, IFactHandler
    {
        _services.TryAddSingleton<T>();
        _services.AddSingleton<ITopicWork>(provider => Numbered(provider, provider.GetRequiredService<T>()));
        return this;
    }

    /// <summary>A raw topic.</summary>
    public PathDescription ReadRaw<T>() where T : class, IRawHandler
    {
        _services.TryAddSingleton<T>();
        _services.AddSingleton<ITopicWork>(provider => Raw(provider, provider.GetRequiredService<T>()));
        return this;
    }

    /// <summary>A topic that this service writes with numbers.</summary>
    public PathDescription Publish(string topic)
    {
        _published.Add(topic);
        return this;
    }

    /// <summary>Its tides say up to which moment everything has been read.</summary>
    public PathDescription TideMoment<T>() where T : class, ITideMoment
    {
        _services.AddSingleton<ITideMoment, T>();
        return this;
    }

    /// <summary>The inbox of the lanes of a topic that the service reads.</summary>
    public PathDescription Inbox<T>(string topic) where T : class, IInboxHandler
    {
        _services.TryAddSingleton<T>();
        _inboxes.Add(topic, provider => provider.GetRequiredService<T>());
        return this;
    }

    /// <summary>Facts that wait for news of the catalog.</summary>
    public PathDescription Waits<T>() where T : class, IWaitingHandler
    {
        _services.TryAddSingleton<T>();
        _services.AddSingleton<IWaitingHandler>(provider => provider.GetRequiredService<T>());
        return this;
    }

    /// <summary>How the transaction of a batch is opened, where that is not a plain one.</summary>
    public PathDescription Open(Func<IServiceProvider, OpenBatch> open)
    {
        _services.AddSingleton<OpenBatch>(open);
        return this;
    }

    private NumberedTopic Numbered(IServiceProvider provider, IFactHandler handler)
    {
        var (database, open, time) = (
            provider.GetRequiredService<ServiceDatabase>(), provider.GetRequiredService<OpenBatch>(),
            provider.GetRequiredService<TimeProvider>());
        var lanes = new OwnedLanes(handler.Topic);
        var parked = new ParkedKeys(handler);
        var redrive = new RedriveFacts(
            handler, lanes, parked, open, database, time, Logger<RedriveFacts>(provider));
        var inbox = _inboxes.TryGetValue(handler.Topic, out var reader)
            ? new TakeInbox(
                handler.Topic, reader(provider), lanes, open, database, time, Logger<TakeInbox>(provider))
            : null;
        return new(
            handler, lanes, parked, redrive, inbox, provider.GetRequiredService<AskForReplays>(), open,
            database, provider.GetRequiredService<PathWatch>(), time, Logger<NumberedTopic>(provider));
    }

    private static RawTopic Raw(IServiceProvider provider, IRawHandler handler)
    {
        var (database, watch, time) = (
            provider.GetRequiredService<ServiceDatabase>(), provider.GetRequiredService<PathWatch>(),
            provider.GetRequiredService<TimeProvider>());
        var partitions = new OwnedPartitions();
        var take = new TakeRaw(
            handler, partitions, provider.GetRequiredService<OpenBatch>(), database, watch, time,
            Logger<TakeRaw>(provider));
        var readUpTo = new ReadUpTo(
            handler.Topic, partitions, provider.GetRequiredService<Kafka.KafkaConnection>(), database, time,
            Logger<ReadUpTo>(provider));
        return new(partitions, take, readUpTo, database, watch, time, Logger<RawTopic>(provider));
    }

    private static ILogger<T> Logger<T>(IServiceProvider provider) =>
        provider.GetRequiredService<ILogger<T>>();
}

public static class UsagePathRegistration
{
    /// <summary>
    /// The way in and out of a service (docs/adr/0005), and the HTTP surface of what was parked. The relay
    /// comes before the reader: hosted services stop in the opposite order, and the last commit still goes
    /// out.
    /// </summary>
    public static IHostApplicationBuilder AddUsagePath(
        this IHostApplicationBuilder builder, Action<PathDescription> describe)
    {
        var services = builder.Services;
        var path = new PathDescription(services);
        describe(path);

        services.AddRelay(path.Published);
        services.AddSingleton<SendFacts>().AddSingleton<BatchTransactions>();
        services.TryAddSingleton<OpenBatch>(
            provider => provider.GetRequiredService<BatchTransactions>().Begin);
        services.AddSingleton<PathWatch>().AddSingleton<AskForReplays>().AddSingleton<Inbox>();
        services.AddSingleton<PathState>()
            .AddHostedService(provider => provider.GetRequiredService<PathState>());
        services.AddHealthChecks().AddCheck<PathState>("usage-path", tags: [Health.ReadyTag]);
        services.AddHostedService<CopyToDlq>().AddHostedService<RedriveRaw>();
        services.AddHostedService<WaitingSweep>().AddHostedService<ReadingService>();
        return builder;
    }
}
