using Billing.Contracts.Values;
using Npgsql;

namespace Billing.Pricing.Catalog.Storage;

/// <summary>A wish to change the catalog.</summary>
/// <param name="Id">Derived from what was asked, so that asking again is the same change for ever.</param>
/// <param name="Decide">May be called again, where the transaction has to be.</param>
/// <param name="Lane">No use of this tenant is rated between the decision and its commit.</param>
public sealed record CatalogWish(Guid Id, DecideChange Decide, TenantId? Lane = null)
{
    public static CatalogWish Of(Guid id, Func<CatalogState, DateTimeOffset, CatalogDecision> decide) =>
        new(id, (asked, _) => Task.FromResult(decide(asked.Catalog, asked.Now)));
}

/// <summary>The decision, on what is known under the lock.</summary>
public delegate Task<CatalogDecision> DecideChange(ChangeAsked asked, CancellationToken cancellation);

/// <param name="Connection">In the transaction, for what the catalog itself does not know.</param>
public sealed record ChangeAsked(CatalogState Catalog, DateTimeOffset Now, NpgsqlConnection Connection);

/// <summary>What became of it.</summary>
public abstract record CatalogChange
{
    private CatalogChange() { }

    /// <param name="Facts">None: the catalog said so already.</param>
    /// <param name="Catalog">With them in it.</param>
    /// <param name="IsRepeated">The same was asked before, and this is what came of it then.</param>
    public sealed record Done(
        IReadOnlyList<StoredFact> Facts, KnownCatalog Catalog, bool IsRepeated = false) : CatalogChange;

    public sealed record Refused(IReadOnlyList<Refusal> Refusals) : CatalogChange;
}

/// <summary>A fact of the catalog with its number.</summary>
public sealed record StoredFact(long Number, FactId Id, object Message);
