using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Marten;

namespace Billing.Ledger.Projections;

/// <summary>The read models, and the one that reads the event store for all of them.</summary>
public static class LedgerProjections
{
    // How late a balance, or an entry for others, may be for the looking alone.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);

    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services
            .AddSingleton<FreshEvents>()
            .AddSingleton(provider => new KeepReadModels(
                ReadModels.All, provider.GetRequiredService<ServiceDatabase>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<KeepReadModels>>()))
            .AddHostedService<FollowEvents>()
            .ConfigureMarten(options => options.Projections.SlowPollingTime = BetweenLooks);
        builder.Services.AddHealthChecks().AddCheck<ModelHealth>("read-models", tags: [Health.ReadyTag]);
    }
}
