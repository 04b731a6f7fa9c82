using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Billing.Quota;

/// <summary>Requests go on while their tenant may use what they would use.</summary>
public static class QuotaMiddleware
{
    /// <summary>Of the problem details that a refused request gets.</summary>
    public const string ProblemType = "urn:billing:problem:quota-exceeded";

    private static readonly TimeSpan ConnectionAge = TimeSpan.FromMinutes(5);

    /// <summary>One <see cref="QuotaClient"/> for the process.</summary>
    /// <param name="address">Of Pricing, as <c>https://billing.example</c>.</param>
    public static IServiceCollection AddQuota(
        this IServiceCollection services, Uri address, QuotaOptions options) => services
        .AddSingleton(provider => new QuotaClient(
            // The client lives as long as the process; its connections do not, so that names may move.
            new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = ConnectionAge })
            {
                BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + '/'),
            },
            options, provider.GetService<ILogger<QuotaClient>>()));

    /// <summary>
    /// Allow and warn go on; block is 429 with problem details. Behind whatever finds out the tenant.
    /// </summary>
    /// <param name="question">Null: the request uses nothing.</param>
    /// <param name="client">Null: the one of <see cref="AddQuota"/>.</param>
    public static IApplicationBuilder UseQuota(
        this IApplicationBuilder app, Func<HttpContext, QuotaQuestion?> question, QuotaClient? client = null)
    {
        client ??= app.ApplicationServices.GetRequiredService<QuotaClient>();
        return app.Use(async (context, next) =>
        {
            if (question(context) is not { } asked)
            {
                await next(context);
                return;
            }

            var decision = await client.Check(asked, context.RequestAborted);
            QuotaHeaders.Tell(context.Response.Headers, asked, decision, client.Now);
            if (decision.IsAllowed) await next(context);
            else await Refuse(context, decision);
        });
    }

    // The same members as the service's own refusal, so that callers read both alike.
    private static Task Refuse(HttpContext context, QuotaDecision decision)
    {
        context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        return context.Response.WriteAsJsonAsync(
            new
            {
                type = ProblemType,
                title = "The quota is used up",
                status = StatusCodes.Status429TooManyRequests,
                detail = decision.Reason == QuotaReasons.Away
                    ? "Nobody could say whether the quota allows it."
                    : "The period would pass its limit.",
                reason = decision.Reason,
                limit = Text(decision.Limit),
                remaining = Text(decision.Remaining),
                resetAt = decision.ResetAt,
                asOf = decision.AsOf,
            }, options: null, contentType: "application/problem+json", context.RequestAborted);
    }

    private static string? Text(decimal? units) =>
        units?.ToString("0.#########", CultureInfo.InvariantCulture);
}
