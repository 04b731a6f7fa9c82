namespace Billing.Verify.Reading;

/// <summary>Everything that a verification looks at, read while nothing was under way.</summary>
internal sealed record Evidence(
    CatalogLog Catalog,
    AcceptedUsage Usage,
    IReadOnlyList<StoredFact> Ratings,
    IReadOnlyList<MergedPart> Parts,
    IReadOnlyList<StoredFact> Entries,
    IReadOnlyList<LedgerEvent> Events,
    IReadOnlySet<Guid> ParkedInPricing,
    IReadOnlySet<Guid> ParkedInLedger,
    IReadOnlyList<Suspended> Suspense)
{
    /// <summary>Behind everything of it.</summary>
    public required DateTimeOffset ReadAt { get; init; }

    public static async Task<Evidence> Read(Stores stores, CancellationToken cancellation) => new(
        CatalogLog.Of(await stores.Facts(Stores.Pricing, Hop.Catalog, cancellation)),
        AcceptedUsage.Of(await stores.Facts(Stores.Ingestion, Hop.Usage, cancellation)),
        await stores.Facts(Stores.Pricing, Hop.Ratings, cancellation),
        await MergedPart.Read(stores, cancellation),
        await stores.Facts(Stores.Ledger, Hop.Entries, cancellation),
        await LedgerEvent.Read(stores, cancellation),
        await stores.Parked(Stores.Pricing, cancellation),
        await stores.Parked(Stores.Ledger, cancellation),
        await stores.Rows(
            Stores.Ledger,
            "select fact_id, refusal from suspense where resolution is distinct from 'posted'",
            row => new Suspended(row.GetGuid(0), row.GetString(1)), cancellation))
    {
        ReadAt = TimeProvider.System.GetUtcNow(),
    };
}

/// <summary>A rating that the ledger did not post: it waits for a person, or one has dismissed it.</summary>
internal sealed record Suspended(Guid Fact, string Refusal);
