using System.Globalization;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog.Scheduled;

/// <summary>Something that was decided and takes effect at a moment.</summary>
/// <param name="What">In a word or two, for people.</param>
/// <param name="Key">The plan, rule, subscription, tenant or meter.</param>
/// <param name="Undo">The facts by which it never takes effect, by whoever decides that; or why not.</param>
public sealed record ScheduledChange(
    DateTimeOffset From, string What, string Key, TenantId? Tenant, DecisionV1 Decision, string Detail,
    Func<DecisionV1, CatalogDecision> Undo)
{
    /// <summary>The same as long as it is to come.</summary>
    public Guid Id { get; } = DerivedId.From(
        "scheduled", What, Key, Detail, Number(From), Number(Decision.At));

    private static string Number(DateTimeOffset moment) =>
        moment.UtcTicks.ToString(CultureInfo.InvariantCulture);
}
