using Billing.Contracts;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Closing;
using Billing.Pricing.Rating;
using Billing.Pricing.Rating.Taking;
using Billing.Pricing.Schedules;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.UsagePath;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Billing.Pricing;

/// <summary>What Pricing reads, rates, keeps waiting and publishes.</summary>
public static class PricingPath
{
    public static void Add(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton<StoredCatalog>();
        services.TryAddSingleton<FindZone>(TimeZones.Find);
        services.AddSingleton<CatalogHistory>().AddSingleton<RatingDesk>();
        builder.AddUsagePath(path => path
            .Read<TakeUsage>()
            .Read<TakeAsks>()
            .Inbox<TakeRequests>(Topics.Usage)
            .Waits<RateUnpriced>()
            .Publish(Topics.Catalog)
            .Publish(Topics.Ratings));
        services.AddHostedService<LeaveDue>();
    }

    public static void Map(WebApplication app) => ListUnpriced.Map(app);
}
