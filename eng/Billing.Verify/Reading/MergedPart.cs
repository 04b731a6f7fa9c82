namespace Billing.Verify.Reading;

/// <summary>A rating that the ledger gets as a part of a merged one.</summary>
/// <param name="Charge">The merged one; null: its window is open, so the ledger has not got it yet.</param>
internal sealed record MergedPart(StoredFact Rating, Guid? Charge)
{
    public static Task<List<MergedPart>> Read(Stores stores, CancellationToken cancellation) => stores.Rows(
        Stores.Pricing, "select place, rating_id, wire_name, body, charge_id from merged_ratings order by place",
        row => new MergedPart(
            new(0, row.GetInt64(0), row.GetGuid(1), row.GetString(2), Stores.Parse(row.GetFieldValue<byte[]>(3))),
            row.IsDBNull(4) ? null : row.GetGuid(4)),
        cancellation);
}
