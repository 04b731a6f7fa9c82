using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Billing.ServiceDefaults;

/// <summary>How much and how long one request may take, and how exact its JSON has to be.</summary>
public static class Limits
{
    /// <summary>An endpoint that takes more says so with its own <c>RequestSizeLimit</c>.</summary>
    public const long LargestBodyBytes = 1024 * 1024;

    public const int LargestHeadersBytes = 32 * 1024;
    public const int DeepestJson = 32;

    public static readonly TimeSpan LongestHeaders = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(30);

    public static void AddLimits(this WebApplicationBuilder builder)
    {
        var largest = builder.Configuration.Optional("Limits:LargestBodyBytes", LargestBodyBytes);
        builder.Services.Configure<KestrelServerOptions>(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = largest;
            server.Limits.MaxRequestHeadersTotalSize = LargestHeadersBytes;
            server.Limits.RequestHeadersTimeout = LongestHeaders;
        });
        // What came is read, and an answer written, where it is heard of, instead of by another thread that
        // has to wake up for it. Nothing of ours blocks there.
        builder.Services.Configure<SocketTransportOptions>(sockets =>
            sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new RequestTimeoutPolicy
        {
            Timeout = LongestRequest,
            WriteTimeoutResponse = context => Problems.Write(context, ProblemTypes.Overtime),
        });
        builder.Services.ConfigureHttpJsonOptions(options => BeStrict(options.SerializerOptions));
    }

    /// <summary>
    /// A member that is misspelt, given twice, missing, null or of another type is a mistake that somebody
    /// wants to hear of, in a system that bills.
    /// </summary>
    public static void BeStrict(JsonSerializerOptions options)
    {
        options.AllowDuplicateProperties = false;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.MaxDepth = DeepestJson;
        options.Converters.Add(
            new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
    }

    /// <summary>For answers that are data, not pages. Pages set their own policy.</summary>
    public static void UseSecurityHeaders(this IApplicationBuilder app)
    {
        var environment = app.ApplicationServices.GetRequiredService<IHostEnvironment>();
        app.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                var headers = context.Response.Headers;
                headers.XContentTypeOptions = "nosniff";
                headers.XFrameOptions = "DENY";
                headers["Referrer-Policy"] = "no-referrer";
                if (headers.ContentSecurityPolicy.Count == 0 && !OpenApiDocs.IsPage(context.Request.Path))
                    headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
                if (headers.CacheControl.Count == 0) headers.CacheControl = "no-store";
                if (context.Request.IsHttps && !environment.IsDevelopment())
                    headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
                return Task.CompletedTask;
            });
            return next(context);
        });
    }
}
