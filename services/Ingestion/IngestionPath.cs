using Billing.Contracts;
using Billing.Ingestion.Catalog;
using Billing.Ingestion.Usage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ingestion;

/// <summary>What Ingestion reads, takes, keeps waiting and publishes.</summary>
public static class IngestionPath
{
    public static void Add(WebApplicationBuilder builder)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        services.AddSingleton(new BelievedTimes(
            configuration.Optional("Usage:Oldest", BelievedTimes.Default.Oldest),
            configuration.Optional("Usage:FarthestAhead", BelievedTimes.Default.FarthestAhead)));
        services.AddSingleton<UsageSources>().AddSingleton<AcceptUsage>();
        services.AddSingleton<KnownCatalog>().AddHostedService(
            provider => provider.GetRequiredService<KnownCatalog>());
        services.AddHostedService<MakePartitions>();
        builder.AddUsagePath(path => path
            .Read<TakeCatalog>()
            .ReadRaw<TakeRawUsage>()
            .ReadRaw<TakeQuotaExceeded>()
            .Waits<RetryUnmatched>()
            .Publish(Topics.Usage)
            .TideMoment<RawReadUpTo>());
        services.AddSingleton<CommitTogether>().AddHostedService(
            provider => provider.GetRequiredService<CommitTogether>());
    }
}
