using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using EventId = Billing.Contracts.Values.EventId;

namespace Billing.Pricing.Merging;

/// <summary>The events behind a merged charge, each with its own amount and arithmetic.</summary>
public static class ListMerged
{
    public const string Route = "/api/v1/ratings/merged";

    /// <param name="Rating">As the charge names it.</param>
    /// <param name="IsCancel">It takes the use back.</param>
    public sealed record Item(
        FactId Rating, EventId Event, int Revision, bool IsCancel, DateTimeOffset UsedAt, Quantity Quantity,
        Amount Amount, RatingTraceV1 Trace);

    public static void Map(WebApplication app) =>
        app.MapGet($"{Route}/{{charge:guid}}", Answer).RequireAuthorization(Policies.Finance)
            .WithTags("Ratings").WithName("ListMerged")
            .WithSummary("The ratings behind a merged charge, in the order taken.");

    private static Task<Ok<Page<Item>>> Answer(
        Guid charge, ServiceDatabase database, PageRequest page, CancellationToken cancellation) =>
        database.AsStaff(async (connection, _) =>
        {
            await using var command = new NpgsqlCommand(
                """
                select rating_id, wire_name, body, place from merged_ratings
                where charge_id = $1 and place > $2 order by place limit $3
                """, connection)
            {
                Parameters =
                {
                    new() { Value = charge },
                    new() { Value = After(page) },
                    new() { Value = (long)page.Fetch },
                },
            };
            var found = new List<(Item Item, long Place)>();
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            while (await rows.ReadAsync(cancellation))
                found.Add((
                    Of(new(rows.GetGuid(0)), ContractsJson.Read(
                        WireNames.Find(rows.GetString(1))!, rows.GetFieldValue<byte[]>(2))),
                    rows.GetInt64(3)));
            var shown = page.Of(found, row => [FormattableString.Invariant($"{row.Place}")]);
            return TypedResults.Ok(new Page<Item>(
                [.. shown.Items.Select(row => row.Item)], shown.NextCursor));
        }, cancellation);

    private static long After(PageRequest page) =>
        page.After(1) is not [{ } place] ? 0
        : long.TryParse(place, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number
        : throw new RefusedRequestException("'cursor' is not one of ours.");

    private static Item Of(FactId id, object rating) => rating switch
    {
        UseRatedV1 use => new(
            id, use.Event, use.Revision, false, use.UsedAt, use.Quantity, use.Amount, use.Trace),
        CancelRatedV1 cancel => new(
            id, cancel.Event, cancel.Revision, true, cancel.UsedAt, cancel.Quantity, cancel.Amount,
            cancel.Trace),
        _ => throw new InvalidOperationException($"{rating.GetType().Name} is never merged."),
    };
}
