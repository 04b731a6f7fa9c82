using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ingestion.Questions;

/// <summary>
/// What arrived from a source and what became of it, so that a producer can compare it with what it sent; and
/// the gaps, where it numbers its events.
/// </summary>
public static class GetDelivery
{
    public const string Route = "/api/v1/sources/{source}/delivery";

    private const string Prefix = "/api/v1/sources/", QueryRoute = "/api/v1/delivery";
    private const int MostDays = 400;

    /// <summary>Received is the sum of all others.</summary>
    public sealed record Counts(
        long Received, long Accepted, long Duplicate, long Conflict, long Rejected, long Unmatched,
        long Waiting);

    /// <param name="Date">UTC, of receipt. What is settled later moves on the day on which it came.</param>
    public sealed record Day(DateOnly Date, Counts Counts);

    /// <summary>Both ends are missing, and everything between.</summary>
    public sealed record Gap(long From, long To);

    /// <param name="First">The smallest number that arrived.</param>
    /// <param name="Missing">How many numbers between first and last have not arrived.</param>
    /// <param name="GapCount">In how many places.</param>
    /// <param name="Gaps">The first of them, in order.</param>
    /// <param name="IsScattered">The numbers are no numbering; they were not followed any further.</param>
    public sealed record Numbering(
        long First, long Last, decimal Missing, long GapCount, IReadOnlyList<Gap> Gaps, bool IsScattered);

    /// <param name="Total">Since the source was first seen.</param>
    /// <param name="Numbering">Null where the source does not number its events.</param>
    public sealed record Answer(
        string Source, DateTimeOffset FirstSeenAt, Counts Total, IReadOnlyList<Day> Days,
        Numbering? Numbering);

    public static void Map(WebApplication app)
    {
        app.MapGet(Route, ByPath).RequireAuthorization(ListRejected.ProducersAndStaff)
            .WithTags("Events").WithName("GetDelivery")
            .WithSummary("What arrived from a source, per day and in total, and what is missing.");
        app.MapGet(QueryRoute, ByQuery).RequireAuthorization(ListRejected.ProducersAndStaff)
            .WithTags("Events").WithName("FindDelivery")
            .WithSummary("The same, with the source as a parameter.");
    }

    private static Task<Results<Ok<Answer>, ProblemHttpResult>> ByPath(
        string source, HttpContext context, ServiceDatabase database, TimeProvider time,
        DateOnly? from = null, DateOnly? to = null) =>
        ByQuery(EventPath.Read(context, Prefix, 1, source)[0], context, database, time, from, to);

    /// <param name="from">The first day to list; 31 days before <paramref name="to"/>, unless given.</param>
    /// <param name="to">The last day to list; today, unless given.</param>
    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> ByQuery(
        string source, HttpContext context, ServiceDatabase database, TimeProvider time,
        DateOnly? from = null, DateOnly? to = null)
    {
        EventPath.Check(source, "id");
        var last = to ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var first = from ?? last.AddDays(-31);
        if (last < first || last.DayNumber - first.DayNumber >= MostDays)
            return Problems.Refuse(ProblemTypes.Invalid, $"'from' to 'to' are 1 to {MostDays} days.");
        if (!ApiKeyAuthentication.MaySpeakFor(context.User, source)) return Nothing();

        var cancellation = context.RequestAborted;
        var answer = await database.AsStaff((connection, _) =>
            ReadDelivery.Of(source, first, last, connection, cancellation), cancellation);
        return answer is null ? Nothing() : TypedResults.Ok(answer);
    }

    private static ProblemHttpResult Nothing() =>
        Problems.Refuse(ProblemTypes.NotFound, "Nothing has come from this source.");
}
