using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Closing;
using Billing.Pricing.Schedules;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// A change of plan, price, subscription or overage source: for each meter and period of the tenant that it
/// is about, the difference that it makes to what was used.
/// </summary>
internal static class RateChange
{
    private const int MostAtOnce = 500;

    private const string Find =
        $"""
        select {TallyRows.KeyColumns}, terms_id, catalog_number from tallies
        where tenant_id = $1 and ($2 is null or meter_id = any ($2))
        order by period_start, meter_id, tally_id
        """;

    public static async Task Apply(InboxRow row, RatingWork work, CancellationToken cancellation)
    {
        var changed = TermsChanged.Of(row);
        var state = work.Catalog.Newest.State;
        var found = await Tallies(changed, work, cancellation);
        var concerned = found.Where(one => one.Number < changed.Number
            && one.Key.Terms(state, work.Zones).Id != one.Terms).Select(one => one.Key).ToList();
        foreach (var some in concerned.Chunk(MostAtOnce))
        {
            await work.Load(some, cancellation);
            await work.Write(cancellation);
        }

        await RateMinimums.Apply(changed, [.. found.Select(one => one.Key.Id)], row.Lane, work, cancellation);
        foreach (var subscription in Subscriptions(changed, state))
            await RateFees.Apply(subscription, row.Lane, work, cancellation);
    }

    /// <summary>Most are of periods that the change is not about.</summary>
    private static async Task<List<(TallyKey Key, Guid Terms, long Number)>> Tallies(
        TermsChanged changed, RatingWork work, CancellationToken cancellation)
    {
        string[]? meters = changed.What.Any(part => part.Meter is null)
            ? null
            : [.. changed.What.Select(part => Text.Spell(part.Meter!.Value)).Distinct()];
        await using var command = new NpgsqlCommand(Find, work.Connection)
        {
            Parameters =
            {
                new() { Value = Text.Spell(changed.Tenant) },
                new()
                {
                    Value = (object?)meters ?? DBNull.Value,
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
                },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<(TallyKey, Guid, long)>();
        while (await rows.ReadAsync(cancellation))
            found.Add((TallyRows.Key(rows), rows.GetGuid(6), rows.GetInt64(7)));
        return found;
    }

    // What is about one meter alone changes no fee.
    private static IEnumerable<SubscriptionId> Subscriptions(TermsChanged changed, CatalogState state) =>
        changed.What.Where(part => part.Meter is null)
            .SelectMany(part => part.Subscription is { } one
                ? [one]
                : state.SubscriptionsOf.GetValueOrDefault(changed.Tenant, []))
            .Distinct();
}
