using System.Globalization;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>How far each lane was taken, and which of them stopped and why.</summary>
public static class ListLanes
{
    public const string Route = "/api/v1/path/lanes";

    /// <param name="Generation">Of the store behind the lane; absent before the first fact.</param>
    /// <param name="LastNumber">The last one that was taken; 0 before the first.</param>
    /// <param name="StoppedBecause">Then nothing more is taken of it until a person acts.</param>
    public sealed record Item(
        string Topic, int Lane, string? Generation, long LastNumber, Guid? LastFact, string? StoppedBecause,
        DateTimeOffset? StoppedAt);

    internal static Task<Ok<Page<Item>>> Answer(
        ServiceDatabase database, PageRequest page, CancellationToken cancellation,
        [FromQuery] string? topic = null, [FromQuery] bool stopped = false) =>
        database.AsStaff(async (connection, _) =>
        {
            var after = page.After(2);
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(
                """
                select topic, lane, generation, last_number as lastNumber, last_fact as lastFact,
                       stopped_because as stoppedBecause, stopped_at as stoppedAt
                from read_lanes
                where (topic, lane) > (@afterTopic, @afterLane) and (@topic::text is null or topic = @topic)
                  and (not @stopped or stopped_because is not null)
                order by topic, lane limit @fetch
                """,
                new
                {
                    afterTopic = after?[0] ?? "",
                    afterLane = after is null ? -1 : int.Parse(after[1], CultureInfo.InvariantCulture),
                    topic,
                    stopped,
                    fetch = page.Fetch,
                },
                cancellationToken: cancellation));
            return TypedResults.Ok(page.Of(
                [.. rows.Select(row => row.Shown())],
                item => [item.Topic, item.Lane.ToString(CultureInfo.InvariantCulture)]));
        }, cancellation);

    private sealed class Row
    {
        public string Topic { get; init; } = "";
        public int Lane { get; init; }
        public string? Generation { get; init; }
        public long LastNumber { get; init; }
        public Guid? LastFact { get; init; }
        public string? StoppedBecause { get; init; }
        public DateTime? StoppedAt { get; init; }

        public Item Shown() => new(Topic, Lane, Generation, LastNumber, LastFact, StoppedBecause, StoppedAt);
    }
}
