using System.Text.Json.Serialization;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Producers send events as CloudEvents 1.0: one, or up to 1,000 together. The answer comes when they are
/// durable, with a verdict for each.
/// </summary>
public static class PostEvents
{
    public const string Route = "/api/v1/events";

    private const int LargestBody = 8 * 1024 * 1024;

    /// <param name="Verdict">accepted, unmatched, waiting, duplicate, conflict or rejected.</param>
    /// <param name="First">Of a duplicate: what has become of the event that came first.</param>
    /// <param name="Revision">0 as first sent, one more with each amendment.</param>
    /// <param name="Code">Of what is not accepted: why, as a stable word.</param>
    public sealed record Item(
        string Verdict,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Source,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Id,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Revision = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? First = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Code = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null);

    /// <param name="Items">In the order of the batch.</param>
    public sealed record Answer(IReadOnlyList<Item> Items);

    public static void Map(WebApplication app) => app.MapPost(Route, Post)
        .RequireAuthorization(Policies.Producer)
        .WithMetadata(new RequestSizeLimitAttribute(LargestBody))
        .AddOpenApiOperationTransformer(ReadPost.Describe)
        .Produces<Item>(StatusCodes.Status202Accepted)
        .ProducesProblem(400).ProducesProblem(409).ProducesProblem(413).ProducesProblem(415)
        .ProducesProblem(422).ProducesProblem(429).ProducesProblem(503)
        .WithTags("Usage").WithName("PostEvents")
        .WithSummary("Takes one usage event, or a batch: then the answer has a list 'items'.");

    private static async Task<IResult> Post(HttpContext context, CommitTogether together)
    {
        var (arrivals, isBatch, problem) = await ReadPost.Read(context);
        if (problem is not null) return problem;
        if (NotItsOwn(context, arrivals) is { } source)
            return Problems.Refuse(
                ProblemTypes.Forbidden, $"This API key may not speak for the source '{source}'.",
                [KeyValuePair.Create("source", (object?)source)]);

        try
        {
            if (together.Take(arrivals) is not { } taken) return Busy(context);

            var verdicts = await taken;
            return isBatch ? WriteVerdicts.Of(arrivals, verdicts) : One(arrivals[0], verdicts[0]);
        }
        catch (NpgsqlException failed) when (failed.IsTransient)
        {
            return Busy(context);
        }
    }

    private static IResult One(Arrival arrival, Verdict verdict) => verdict switch
    {
        { Kind: VerdictKind.Conflict } => Refuse(ProblemTypes.Conflict, arrival, verdict.Reason!),
        { Kind: VerdictKind.Rejected, Reason.IsUnreadable: true } =>
            Refuse(ProblemTypes.BadRequest, arrival, verdict.Reason!),
        { Kind: VerdictKind.Rejected } => Refuse(ProblemTypes.Unprocessable, arrival, verdict.Reason!),
        _ => WriteVerdicts.Of(arrival, verdict),
    };

    private static ProblemHttpResult Refuse(ProblemType type, Arrival arrival, Refusal reason) =>
        Problems.Refuse(type, reason.Detail,
        [
            new("code", reason.Code), new("source", arrival.Source), new("id", arrival.Id),
        ]);

    /// <summary>Null where the caller may speak for all of them.</summary>
    private static string? NotItsOwn(HttpContext context, IReadOnlyList<Arrival> arrivals)
    {
        if (Caller.Of(context.User).ApiKey is null) return null;

        string? own = null;
        foreach (var arrival in arrivals)
        {
            if (arrival.Source is not { } source || source == own) continue;
            if (!ApiKeyAuthentication.MaySpeakFor(context.User, source)) return source;
            own = source;
        }

        return null;
    }

    private static ProblemHttpResult Busy(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return Problems.Refuse(
            ProblemTypes.Unavailable, "Send it again in a moment; nothing gets lost or doubled.");
    }
}
