using Billing.Contracts.Values;
using Billing.Pricing.Agreements;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Merging;
using Billing.Pricing.Overage;
using Billing.Pricing.Prices;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.OpenApi;

namespace Billing.Pricing.Catalog;

/// <summary>Everything over HTTP that is about tenants, meters, plans, prices and subscriptions.</summary>
public static class ManageCatalog
{
    /// <summary>For <c>Program.cs</c>.</summary>
    public static void Add(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton<StoredCatalog>();
        services.TryAddSingleton<ChangeCatalog>();
        services.TryAddSingleton<FindZone>(TimeZones.Find);
        services.AddSingleton<CatalogDesk>().AddSingleton<SubscriptionRows>().AddSingleton<ReadUsage>()
            .AddSingleton<QuotaDesk>();

        // The model of a price says which one it is by a property that people may put anywhere.
        services.ConfigureHttpJsonOptions(
            options => options.SerializerOptions.AllowOutOfOrderMetadataProperties = true);
        services.Configure<OpenApiOptions>("v1", options => options.AddSchemaTransformer(Describe));
    }

    public static void Map(WebApplication app)
    {
        Tenants.Map(app);
        Meters.Map(app);
        Plans.Map(app);
        ManageSubscriptions.Map(app);
        ReadSubscriptions.Map(app);
        ManagePrices.Map(app);
        PostPreview.Map(app);
        GetUsage.Map(app);
        GetOverages.Map(app);
        RecalculateOverages.Map(app);
        ManageMergeWindows.Map(app);
        ManageAllowances.Map(app);
        ManageFees.Map(app);
        ListMerged.Map(app);
        ManageQuotas.Map(app);
        CheckQuota.Map(app);
        PostCatalog.Map(app);
        Samples.LoadSample.Map(app);
        ListHistory.Map(app);
        ListScheduled.Map(app);
    }

    // Values with a spelling of their own are strings, which nothing but their converter knows.
    private static Task Describe(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type.GetInterfaces().Any(one =>
            one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IText<>)))
            schema.Type = JsonSchemaType.String;
        else if (type == typeof(Properties))
        {
            schema.Type = JsonSchemaType.Object;
            schema.AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String };
        }

        return Task.CompletedTask;
    }
}
