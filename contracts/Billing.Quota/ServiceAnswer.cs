using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace Billing.Quota;

/// <summary>What the service says about the units that it was asked about.</summary>
/// <param name="HardRemaining">Units to the cap that is never passed; null: there is none.</param>
internal sealed record ServiceAnswer(
    QuotaVerdict Verdict, string Reason, decimal? Limit, decimal? Remaining, decimal? HardRemaining,
    DateTimeOffset ResetAt, DateTimeOffset AsOf)
{
    /// <exception cref="HttpRequestException">It gave no answer, or one that is none.</exception>
    public static async Task<ServiceAnswer> Ask(
        HttpClient http, string token, QuotaQuestion question, CancellationToken cancellation)
    {
        var units = question.Units.ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(
            HttpMethod.Get,
            new Uri(
                $"api/v1/quota/{Uri.EscapeDataString(question.Tenant)}/"
                + $"{Uri.EscapeDataString(question.Meter)}?units={units}", UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, cancellation);
        if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.TooManyRequests))
            throw new HttpRequestException($"The quota check answered {(int)answer.StatusCode}.");

        var said = await answer.Content.ReadFromJsonAsync<Said>(cancellation);
        return said?.Read(answer.StatusCode)
            ?? throw new HttpRequestException("The answer of the quota check says nothing about a quota.");
    }

    /// <summary>Of an answer, or of the problem that says no.</summary>
    private sealed record Said(
        string? Verdict, string? Reason, string? Limit, string? Remaining, string? HardRemaining,
        DateTimeOffset? ResetAt, DateTimeOffset? AsOf)
    {
        // 429 without a reset is some other limit, as of requests to a proxy: nothing about a quota.
        public ServiceAnswer? Read(HttpStatusCode status) =>
            Reason is not null && ResetAt is { } resetAt && AsOf is { } asOf && Of(status) is { } verdict
            && TryRead(Limit, out var limit) && TryRead(Remaining, out var remaining)
            && TryRead(HardRemaining, out var hard)
                ? new(verdict, Reason, limit, remaining, hard, resetAt, asOf)
                : null;

        private QuotaVerdict? Of(HttpStatusCode status) => (status, Verdict) switch
        {
            (HttpStatusCode.OK, "allow") => QuotaVerdict.Allow,
            (HttpStatusCode.OK, "warn") => QuotaVerdict.Warn,
            (HttpStatusCode.TooManyRequests, _) => QuotaVerdict.Block,
            _ => null,
        };

        private static bool TryRead(string? text, out decimal? number)
        {
            var isNumber = decimal.TryParse(
                text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var read);
            number = isNumber ? read : null;
            return isNumber || text is null;
        }
    }
}
