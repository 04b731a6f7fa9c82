using System.Globalization;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Overage;

/// <summary>
/// Whether units may be used now, over HTTP: allow and warn are 200, block is 429. It reserves nothing.
/// Services of the platform and staff ask for any tenant, a tenant for itself.
/// </summary>
public static class CheckQuota
{
    public const string Route = "/api/v1/quota";

    private const long LargestHeaderNumber = 999_999_999_999_999; // of RFC 9651

    private static readonly AuthorizationPolicy Everybody = new AuthorizationPolicyBuilder()
        .RequireAssertion(context => Caller.TryOf(context.User, out _)).Build();

    /// <param name="Limit">The tightest cap in units; null: none.</param>
    /// <param name="IsHard">That one is never passed.</param>
    /// <param name="Remaining">Units to that cap before these ones.</param>
    /// <param name="HardRemaining">Units to the cap that is never passed; null: there is none.</param>
    /// <param name="ResetAt">When the period ends.</param>
    /// <param name="AsOf">What was rated by then is counted; what is under way is not.</param>
    public sealed record Answer(
        TenantId Tenant, MeterId Meter, Quantity Units, QuotaVerdict Verdict, QuotaReason Reason,
        Quantity? Limit, bool IsHard, Quantity? Remaining, Quantity? HardRemaining, DateTimeOffset ResetAt,
        DateTimeOffset AsOf);

    // The headers are those of the quota, so the ones that count requests stay away.
    public static void Map(WebApplication app) =>
        app.MapGet($"{Route}/{{tenant}}/{{meter}}", Get).RequireAuthorization(Everybody).WithoutRateLimit()
            .WithTags("Quota").WithName("CheckQuota")
            .WithSummary("Whether so many units may be used now: allow, warn, or 429 for block.");

    /// <param name="units">One where it is left out.</param>
    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Get(
        string tenant, string meter, HttpContext context, QuotaDesk desk, string? units = null)
    {
        var wanted = ReadNames.InQuery<Quantity>(units, nameof(units)) ?? Quantity.One;
        if (wanted < Quantity.Zero) throw new RefusedRequestException("'units' is not below zero.");
        if (!ReadNames.InPath<TenantId>(tenant, out var id) || !ReadNames.InPath<MeterId>(meter, out var of))
            return CatalogDesk.NotFound("tenant or meter");

        var caller = Caller.Of(context.User);
        var outcome = caller.Tenant is not { } own
            ? await desk.Check(id, of, wanted, context.RequestAborted)
            : own == tenant ? await desk.CheckOwn(caller, of, wanted, context.RequestAborted) : null;
        if (outcome is null) return CatalogDesk.NotFound("tenant or meter, or it has no currency yet");

        var (answer, now) = (outcome.Answer, outcome.Answer.AsOf);
        Tell(context.Response, of, outcome, now);
        return answer.Verdict == QuotaVerdict.Block
            ? Block(outcome, context.Response, now)
            : TypedResults.Ok(new Answer(
                id, of, wanted, answer.Verdict, answer.Reason, answer.Limit, outcome.IsHard, answer.Remaining,
                answer.HardRemaining, answer.ResetAt, answer.AsOf));
    }

    private static ProblemHttpResult Block(
        QuotaDesk.Outcome outcome, HttpResponse response, DateTimeOffset now)
    {
        var answer = outcome.Answer;
        response.Headers.RetryAfter = Seconds(answer.ResetAt - now).ToString(CultureInfo.InvariantCulture);
        return Problems.Refuse(
            ProblemTypes.QuotaExceeded,
            answer.Reason switch
            {
                QuotaReason.SpendCap => "The period would cost more than its cap.",
                QuotaReason.SoftCapAfterGrace => "The limit of the period is passed, and the grace is over.",
                _ => "The period would pass its limit.",
            },
            [
                new("reason", answer.Reason), new("limit", answer.Limit), new("isHard", outcome.IsHard),
                new("remaining", answer.Remaining), new("hardRemaining", answer.HardRemaining),
                new("resetAt", answer.ResetAt), new("asOf", answer.AsOf),
            ]);
    }

    // draft-ietf-httpapi-ratelimit-headers-11: whole units, and seconds. How fresh it is says Age (RFC 9111).
    private static void Tell(
        HttpResponse response, MeterId meter, QuotaDesk.Outcome outcome, DateTimeOffset now)
    {
        response.Headers.Age = "0";
        if (outcome.Answer is not { Limit: { } limit, Remaining: { } remaining }) return;

        var window = Seconds(outcome.Period.EndExclusive - outcome.Period.Start);
        response.Headers["RateLimit-Policy"] = string.Create(
            CultureInfo.InvariantCulture, $"\"{meter}\";q={Whole(limit)};w={window}");
        response.Headers["RateLimit"] = string.Create(
            CultureInfo.InvariantCulture,
            $"\"{meter}\";r={Whole(remaining)};t={Seconds(outcome.Answer.ResetAt - now)}");
    }

    private static long Whole(Quantity units) =>
        (long)Int128.Min(units.Billionths / 1_000_000_000, LargestHeaderNumber);

    // A begun one counts.
    private static long Seconds(TimeSpan span) =>
        Math.Max(0, (span.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
}
