using Billing.Ledger.Events;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;

namespace Billing.Ledger.Projections;

/// <summary>
/// The read models follow the event store by one subscription, so that each event is read once for all of
/// them.
/// </summary>
public static class LedgerProjections
{
    /// <summary>The name that Marten keeps the subscription's progress under.</summary>
    public const string Name = "ReadModels";

    internal const string Shard = Name + ":All";

    // Sums are written once a page, so that large pages cost less for each event.
    private const int LargestPage = 10_000;

    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services
            .AddSingleton(provider => new KeepReadModels(
                ReadModels.All, provider.GetRequiredService<ServiceDatabase>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<KeepReadModels>>()))
            .AddHostedService<StartReadModels>()
            .ConfigureMarten((provider, options) =>
                Follow(options, provider.GetRequiredService<KeepReadModels>()));
        builder.Services.AddHealthChecks().AddCheck<ModelHealth>("read-models", tags: [Health.ReadyTag]);
    }

    internal static void Follow(StoreOptions options, KeepReadModels models) =>
        options.Projections.Subscribe(new Subscription(models), subscription =>
        {
            subscription.Name = Name;
            subscription.Options.BatchSize = LargestPage;
        });

    // Marten's own progress is only where it begins to read: what counts are the positions of the read
    // models, which are written with their rows.
    private sealed class Subscription(KeepReadModels models) : ISubscription
    {
        public async Task<IChangeListener> ProcessEventsAsync(
            EventRange page, ISubscriptionController controller, IDocumentOperations operations,
            CancellationToken cancellationToken)
        {
            var events = new List<Positioned>(page.Events.Count);
            foreach (var stored in page.Events)
                events.Add(new(stored.Sequence, stored.Id, (LedgerEvent)stored.Data));

            await models.Take(new(page.SequenceFloor, page.SequenceCeiling, events), cancellationToken);
            ModelMetrics.Took(events.Count);
            return NullChangeListener.Instance;
        }
    }
}

/// <summary>
/// A version that knows an event on which an earlier one stopped goes on when it starts, and does not wait
/// for the next event.
/// </summary>
internal sealed partial class StartReadModels(
    KeepReadModels models, ILogger<StartReadModels> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await models.CatchUp(stoppingToken);
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            // The first page does it as well.
            NotYet(logger, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The read models could not catch up at the start")]
    private static partial void NotYet(ILogger logger, Exception failure);
}
