using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry;

namespace Billing.ServiceDefaults;

/// <summary>
/// Gives the framework's request span the names of OpenTelemetry's conventions, which on .NET 10 an extra
/// package would. Questions about health and about the service itself are not traced: they would be most of
/// all traces.
/// </summary>
public static class RequestSpans
{
    private static readonly string[] Untraced = ["/health", "/api/v1/meta"];

    public static void UseRequestSpans(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (Activity.Current is not { } span)
        {
            await next(context);
            return;
        }
        if (Array.Exists(Untraced, path => context.Request.Path.StartsWithSegments(path)))
        {
            span.IsAllDataRequested = false;
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            // Nor is what they ask the database.
            using var quiet = SuppressInstrumentationScope.Begin();
            await next(context);
            return;
        }

        try
        {
            await next(context);
        }
        finally
        {
            if (span.IsAllDataRequested) Describe(span, context);
        }
    });

    /// <summary>The route, never the query: that may hold what must not be logged.</summary>
    private static void Describe(Activity span, HttpContext context)
    {
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        span.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
        span.SetTag("http.request.method", context.Request.Method);
        span.SetTag("url.scheme", context.Request.Scheme);
        span.SetTag("url.path", context.Request.Path.Value);
        span.SetTag("http.route", route);
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        if (context.Response.StatusCode >= 500) span.SetStatus(ActivityStatusCode.Error);
    }
}
