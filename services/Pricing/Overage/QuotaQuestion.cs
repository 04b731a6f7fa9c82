using Billing.Contracts.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Rating;
using Billing.Pricing.Rating.Taking;
using Npgsql;

namespace Billing.Pricing.Overage;

/// <summary>All that a quota check has to know, in one statement.</summary>
internal static class QuotaQuestion
{
    private const string Question =
        """
        select exists (select from catalog_facts where number > $1),
            (select passed_at from soft_caps_passed where tally_id = $2 and soft_cap = $3),
            t.catalog_number, t.tally::text
        from (values (1)) as one (row) left join tallies t on t.tally_id = $2
        """;

    /// <param name="IsCatalogOld">There is a newer one, so that the question was the wrong one.</param>
    /// <param name="PassedAt">When the soft cap was first seen to be passed.</param>
    /// <param name="CatalogNumber">Of the tally, where there is one.</param>
    public sealed record Found(
        bool IsCatalogOld, DateTimeOffset? PassedAt, long CatalogNumber, Tally? Tally);

    public static async Task<Found> Ask(
        NpgsqlConnection connection, KnownCatalog known, TallyKey? key, QuotaLimitSetV1? limit,
        CancellationToken cancellation)
    {
        await using var ask = new NpgsqlCommand(Question, connection)
        {
            Parameters =
            {
                new() { Value = known.Number }, new() { Value = key?.Id ?? Guid.Empty },
                new() { Value = SoftCaps.Cap(limit) },
            },
        };
        await using var row = await ask.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(
            row.GetBoolean(0), row.IsDBNull(1) ? null : row.GetFieldValue<DateTimeOffset>(1),
            row.IsDBNull(2) ? 0 : row.GetInt64(2),
            row.IsDBNull(3) ? null : TallyRows.Tally(row.GetString(3)));
    }
}
