using System.Reflection;
using System.Text.Json;
using JasperFx;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Wolverine.Attributes;
using Wolverine.Configuration;
using Wolverine.ErrorHandling;
using Wolverine.Persistence.Durability;
using Wolverine.Runtime.Handlers;
using Wolverine.Transports.Local;

namespace Wolverine;

/// <summary>Rules for all messages and queues.</summary>
public interface IPolicies : IWithFailurePolicies
{
    void UseDurableLocalQueues();

    /// <summary>What is said of one queue by name wins over this.</summary>
    void AllLocalQueues(Action<IListenerConfiguration> configure);

    /// <summary>
    /// Every handler that takes a session of the storage in use (Marten's) is one transaction, as with
    /// <see cref="TransactionalAttribute"/>.
    /// </summary>
    void AutoApplyTransactions();

    /// <summary>The default is <see cref="LogLevel.Information"/>.</summary>
    void MessageSuccessLogLevel(LogLevel logLevel);
}

/// <summary>Configures from the container, when the host starts.</summary>
public interface IWolverineExtension
{
    void Configure(WolverineOptions options);
}

public sealed class WolverineOptions : IPolicies
{
    private readonly Dictionary<string, LocalQueueConfiguration> queues =
        new(StringComparer.OrdinalIgnoreCase);

    private readonly List<Action<IListenerConfiguration>> allQueues = [];
    private readonly Dictionary<Type, List<string>> routes = [];

    public WolverineOptions()
        : this(null, new ServiceCollection())
    {
    }

    internal WolverineOptions(Assembly? application, IServiceCollection services)
    {
        ApplicationAssembly = application;
        Services = services;
        ServiceName = application?.GetName().Name ?? "wolverine";
    }

    /// <summary>
    /// Its handlers are found by convention. The default is the one that calls UseWolverine.
    /// </summary>
    public Assembly? ApplicationAssembly { get; set; }

    public string ServiceName { get; set; }
    public IServiceCollection Services { get; }
    public DurabilitySettings Durability { get; } = new();
    public HandlerDiscovery Discovery { get; } = new();
    public IPolicies Policies => this;
    public FailureRuleCollection Failures { get; } = new();

    /// <summary>Whether missing tables are made when the host starts. The role must be allowed to.</summary>
    public AutoCreate AutoBuildMessageStorageOnStartup { get; set; } = AutoCreate.CreateOrUpdate;

    /// <summary>A handler that takes longer is canceled, which is a failure. Real time.</summary>
    public TimeSpan DefaultExecutionTimeout { get; set; } = TimeSpan.FromSeconds(60);

    public LocalQueueConfiguration DefaultLocalQueue => LocalQueue("default");
    public Guid UniqueNodeId { get; } = Guid.NewGuid();

    internal Dictionary<Type, string> Aliases { get; } = [];
    internal JsonSerializerOptions Json { get; } = new();
    internal bool AutoTransactions { get; private set; }
    internal LogLevel SuccessLevel { get; private set; } = LogLevel.Information;
    internal IEnumerable<string> NamedQueues => queues.Keys;

    /// <summary>What stores messages; null for nothing.</summary>
    internal Func<IServiceProvider, WolverineOptions, IMessageStore>? Storage { get; set; }

    public LocalQueueConfiguration LocalQueue(string queueName)
    {
        if (!queues.TryGetValue(queueName, out var queue)) queues.Add(queueName, queue = new());
        return queue;
    }

    public LocalQueueConfiguration LocalQueueFor<T>() => LocalQueueFor(typeof(T));

    /// <summary>The queue that messages of the type go to by convention. Register its alias before.</summary>
    public LocalQueueConfiguration LocalQueueFor(Type messageType) =>
        LocalQueue(RoutesOf(messageType) is [var named, ..] ? named : ConventionalQueue(messageType));

    public PublishingExpression PublishMessage<TMessageType>() => PublishMessage(typeof(TMessageType));

    public PublishingExpression PublishMessage(Type messageType) =>
        new PublishingExpression(this).Message(messageType);

    public void Publish(Action<PublishingExpression> configuration) => configuration(new(this));

    /// <summary>The name in storage, which must not change while messages of it are stored.</summary>
    public void RegisterMessageType(Type messageType, string messageAlias) =>
        Aliases[messageType] = messageAlias;

    public void UseSystemTextJsonForSerialization(Action<JsonSerializerOptions>? configuration = null) =>
        configuration?.Invoke(Json);

    public void Include(IWolverineExtension extension) => extension.Configure(this);

    void IPolicies.UseDurableLocalQueues() => allQueues.Add(queue => queue.UseDurableInbox());

    void IPolicies.AllLocalQueues(Action<IListenerConfiguration> configure) => allQueues.Add(configure);

    void IPolicies.AutoApplyTransactions() => AutoTransactions = true;

    void IPolicies.MessageSuccessLogLevel(LogLevel logLevel) => SuccessLevel = logLevel;

    internal void AddRoute(Type type, string queue)
    {
        if (!routes.TryGetValue(type, out var known)) routes.Add(type, known = []);
        if (!known.Contains(queue, StringComparer.OrdinalIgnoreCase)) known.Add(queue);
    }

    /// <summary>Said by rule or by attribute, not by convention.</summary>
    internal IReadOnlyList<string> RoutesOf(Type type)
    {
        if (routes.TryGetValue(type, out var known)) return known;

        return type.GetCustomAttribute<LocalQueueAttribute>() is { } named ? [named.QueueName] : [];
    }

    internal string ConventionalQueue(Type type) => MessageTypes.NameOf(type, this).ToLowerInvariant();

    internal LocalQueueSettings SettingsOf(string queue)
    {
        var settings = new LocalQueueSettings();
        foreach (var change in allQueues) change(settings);
        if (queues.TryGetValue(queue, out var own))
            foreach (var change in own.Changes) change(settings);

        return settings;
    }
}
