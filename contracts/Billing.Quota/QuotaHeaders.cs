using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Billing.Quota;

/// <summary>
/// <c>RateLimit</c> and <c>RateLimit-Policy</c> by draft-ietf-httpapi-ratelimit-headers-11, in whole units
/// and seconds; <c>Age</c> (RFC 9111) says how old the answer is that they are from.
/// </summary>
internal static class QuotaHeaders
{
    private const long LargestNumber = 999_999_999_999_999; // of RFC 9651

    public static void Tell(
        IHeaderDictionary headers, QuotaQuestion asked, QuotaDecision decision, DateTimeOffset now)
    {
        if (decision is not { ResetAt: { } resetAt }) return;

        var left = Text(Seconds(resetAt - now));
        headers.Age = Text((long)Math.Max(0, decision.Age.Ticks / TimeSpan.TicksPerSecond));
        if (!decision.IsAllowed) headers.RetryAfter = left;
        if (decision is not { Limit: { } limit, Remaining: { } remaining }) return;

        headers["RateLimit-Policy"] = $"\"{asked.Meter}\";q={Text(Whole(limit))}";
        headers["RateLimit"] = $"\"{asked.Meter}\";r={Text(Whole(remaining))};t={left}";
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Whole(decimal units) => (long)Math.Min(decimal.Floor(units), LargestNumber);

    // A begun one counts, as it does in the service's own headers.
    private static long Seconds(TimeSpan span) =>
        Math.Max(0, (span.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
}
