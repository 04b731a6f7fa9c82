using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Billing.ServiceDefaults.Database.Idempotency;

/// <summary>An answer as it is stored and sent again.</summary>
/// <param name="Body">Null when it was too large to keep.</param>
internal sealed record KeptAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[]? Body)
{
    private static readonly string[] keptHeaders =
        [HeaderNames.ContentType, HeaderNames.Location, HeaderNames.ETag];

    public static KeptAnswer Of(HttpResponse response, KeptBody body) => new(
        response.StatusCode,
        keptHeaders.Where(response.Headers.ContainsKey)
            .ToDictionary(name => name, name => response.Headers[name].ToString()),
        body.Bytes);

    public async Task Send(HttpContext context)
    {
        context.Response.Headers[IdempotencyKey.ReplayedHeader] = "true";
        if (Body is null)
        {
            await Problems.Write(
                context, ProblemTypes.Conflict,
                $"This was carried out before, with status {Status}; the answer was too large to be kept.");
            return;
        }

        context.Response.StatusCode = Status;
        foreach (var (name, value) in Headers) context.Response.Headers[name] = value;
        if (Body.Length > 0) await context.Response.Body.WriteAsync(Body, context.RequestAborted);
    }
}
