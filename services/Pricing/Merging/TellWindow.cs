using Billing.Contracts;
using Billing.Pricing.Closing;
using Billing.Pricing.Rating.Taking;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Npgsql;

namespace Billing.Pricing.Merging;

/// <summary>
/// What waits in a window becomes a charge: when it is due by the service's clock, or before the answer to a
/// close. Asked again nothing waits any more, and what comes later is another charge.
/// </summary>
internal static class TellWindow
{
    /// <summary>Of a row in the inbox.</summary>
    public const string Kind = "merge";

    private sealed record Due(Guid Window);

    public static Task Apply(InboxRow row, RatingWork work, CancellationToken cancellation) =>
        Apply(ContractsJson.Read<Due>(row.Body.Span).Window, row.Lane, work, cancellation);

    /// <summary>Everything of a period that is answered, and of those before it.</summary>
    public static async Task Apply(
        PeriodKey period, int lane, RatingWork work, CancellationToken cancellation)
    {
        foreach (var window in await MergeRows.Open(
            work.Connection, period.Tenant, period.Subscription, period.Currency, period.Period.EndExclusive,
            cancellation))
            await Apply(window, lane, work, cancellation);
    }

    private static async Task Apply(
        Guid window, int lane, RatingWork work, CancellationToken cancellation)
    {
        var parts = await MergeRows.Read(work.Connection, window, cancellation);
        await using var batch = new NpgsqlBatch(work.Connection);
        foreach (var (id, fact, merged) in MergeRatings.Decide(parts))
        {
            work.Send(lane, fact.Tenant, id, fact, null);
            batch.BatchCommands.Add(new(
                "update merged_ratings set charge_id = $1 where rating_id = any ($2) and charge_id is null")
            {
                Parameters =
                {
                    new() { Value = id.Value },
                    new() { Value = merged.Select(part => part.Id.Value).ToArray() },
                },
            });
        }

        batch.BatchCommands.Add(new("delete from merge_windows where window_id = $1")
        {
            Parameters = { new() { Value = window } },
        });
        await batch.ExecuteNonQueryAsync(cancellation);
    }
}
