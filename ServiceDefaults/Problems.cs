using System.Diagnostics;
using System.Text.Json;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults;

/// <summary>
/// Errors as RFC 9457 problem details: a stable type, a sentence, the trace id, and nothing of our insides.
/// Empty answers of the framework (401, 404, 405, 415 …) are filled in the same way.
/// </summary>
public static class Problems
{
    /// <summary>The answer of an endpoint that says no.</summary>
    public static ProblemHttpResult Refuse(
        ProblemType type, string? detail = null,
        IEnumerable<KeyValuePair<string, object?>>? extensions = null)
    {
        var problem = Details(type, detail);
        foreach (var (name, value) in extensions ?? []) problem.Extensions[name] = value;
        return TypedResults.Problem(problem);
    }

    public static IServiceCollection AddProblems(this IServiceCollection services)
    {
        // Without this, a body that cannot be read gets an empty 400 and nobody learns why.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        return services.AddProblemDetails(options =>
            options.CustomizeProblemDetails = context =>
                Complete(context.HttpContext, context.ProblemDetails));
    }

    public static void UseProblems(this IApplicationBuilder app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = OnException,
            // A request that we refuse is not an error of ours, and must not be logged as one.
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
        });
        app.UseStatusCodePages(context => Write(context.HttpContext, ProblemTypes.Of(
            context.HttpContext.Response.StatusCode)));
    }

    /// <summary>Writes a problem where there is no endpoint to return it.</summary>
    public static Task Write(HttpContext context, ProblemType type, string? detail = null)
    {
        if (WantsPage(context.Request) && context.RequestServices.GetService<ProblemPage>() is { } page)
            return page(context, type, detail);

        var problem = Details(type, detail);
        Complete(context, problem);
        context.Response.StatusCode = type.Status;
        return context.Response.WriteAsJsonAsync(
            problem, options: null, contentType: "application/problem+json", context.RequestAborted);
    }

    private static ProblemDetails Details(ProblemType type, string? detail) =>
        new() { Type = type.Urn, Title = type.Title, Status = type.Status, Detail = detail };

    /// <summary>The id under which our logs and traces know the request.</summary>
    public static string TraceId(HttpContext context) =>
        Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;

    private static bool WantsPage(HttpRequest request) =>
        !request.Path.StartsWithSegments("/api")
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    private static Task OnException(HttpContext context)
    {
        var exception = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        return exception is BadHttpRequestException refused
            ? Write(context, ProblemTypes.Of(refused.StatusCode), Explain(refused))
            : Write(context, ProblemTypes.Internal);
    }

    /// <summary>
    /// Where the body is wrong, without the names of our types, which the original message has.
    /// </summary>
    private static string? Explain(BadHttpRequestException refused) => refused.InnerException switch
    {
        JsonException { Path: { Length: > 0 } path, LineNumber: { } line } =>
            $"The JSON is not as it should be at {path}, line {line + 1}.",
        JsonException => "The body is not JSON.",
        _ when refused is RefusedRequestException => refused.Message,
        _ when refused.StatusCode == StatusCodes.Status400BadRequest
            && refused.Message.StartsWith("Required parameter", StringComparison.Ordinal) =>
            $"The value {Quoted(refused.Message)} is missing.",
        _ when refused.Message.StartsWith("Failed to bind parameter", StringComparison.Ordinal) =>
            "A value in the path, query or header has the wrong form.",
        _ => null,
    };

    /// <summary>
    /// "string name" of the framework's sentence is a type and a name; the caller knows only the name.
    /// </summary>
    private static string Quoted(string message) =>
        message.Split('"') is [_, var parameter, ..] ? $"'{parameter.Split(' ')[^1]}'" : "of a parameter";

    private static void Complete(HttpContext context, ProblemDetails problem)
    {
        problem.Status ??= context.Response.StatusCode;
        if (problem.Type?.StartsWith("urn:billing:", StringComparison.Ordinal) != true)
        {
            var type = ProblemTypes.Of(problem.Status.Value);
            (problem.Type, problem.Title) = (type.Urn, type.Title);
        }
        problem.Instance ??= context.Request.Path;
        problem.Extensions["traceId"] = TraceId(context);
    }
}

/// <summary>
/// How a service with pages shows a problem to a person; a service without pages registers none.
/// </summary>
public delegate Task ProblemPage(HttpContext context, ProblemType type, string? detail);
