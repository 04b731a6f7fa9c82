using Billing.Contracts.Catalog;

namespace Billing.Pricing.Catalog;

/// <summary>All versions of one plan. The newest that has begun is in force.</summary>
public sealed record PlanHistory(IReadOnlyList<PlanPublishedV1> Versions)
{
    public PlanPublishedV1 Newest => Versions[^1];

    /// <summary>Null before the plan's first moment.</summary>
    public PlanPublishedV1? InForce(DateTimeOffset moment) =>
        Versions.LastOrDefault(version => version.From <= moment);
}
