using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath.Waiting;

namespace Billing.Pricing.Catalog.Storage;

/// <summary>
/// The terms of a tenant may have changed. Left in the inbox of the tenant's lane by the transaction that
/// changed the catalog, for the lane's owner to rate as a fact of its own.
/// </summary>
/// <param name="Number">The catalog's number as of the change; rated by that one or a later one.</param>
/// <param name="What">At least one.</param>
public sealed record TermsChanged(TenantId Tenant, long Number, IReadOnlyList<TermsChanged.Part> What)
{
    public const string Kind = "terms-changed";

    /// <param name="Fact">Of the catalog; where several of one change meet, the last of them.</param>
    /// <param name="Meter">Null: all meters, and the fees of the subscription.</param>
    /// <param name="Subscription">Null: all of the tenant, and usage without one.</param>
    public sealed record Part(FactId Fact, MeterId? Meter = null, SubscriptionId? Subscription = null);

    /// <summary>The same change leaves the same row.</summary>
    public InboxRow Row(Guid change, DateTimeOffset now) => new(
        DerivedId.From(Kind, change.ToString("D"), Text.Spell(Tenant)), Lanes.Of(Tenant), Kind,
        ContractsJson.Write(this), now);

    public static TermsChanged Of(InboxRow row) => ContractsJson.Read<TermsChanged>(row.Body.Span);
}
