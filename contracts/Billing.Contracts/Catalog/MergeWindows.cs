using Billing.Contracts.Values;

namespace Billing.Contracts.Catalog;

/// <summary>
/// How much time one charge of a tenant covers: what is used of a meter in a window becomes one charge. It is
/// for usage from a moment on, by the time of use. Written by Pricing.
/// </summary>
[WireName("billing.pricing.merge-window-set.v1")]
public sealed record MergeWindowSetV1(
    TenantId Tenant, MergeWindow Window, DateTimeOffset From, DecisionV1 Decision);

/// <summary>A whole minute, hour or day, UTC.</summary>
public enum MergeWindow
{
    /// <summary>Each use is a charge of its own.</summary>
    None,
    Minute,
    Hour,
    Day,
}
