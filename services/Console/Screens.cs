using Billing.Console.Pages;
using Billing.Console.SignIn;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Console;

/// <summary>
/// The pages: rendered here, sent as HTML and one style sheet; no script runs in the browser.
/// </summary>
public static class Screens
{
    public const string StyleRoute = "/console.css";

    private const string ContentPolicy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        + "frame-ancestors 'none'";

    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "billing_form";
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.Cookie.HttpOnly = true;
        });
        builder.Services.AddSingleton<ProblemPage>(ShowProblem);
    }

    public static void Map(WebApplication app)
    {
        app.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentPolicy;
            return next(context);
        });
        app.UseAntiforgery();
        app.MapRazorComponents<App>();
        app.MapGet(StyleRoute, () => TypedResults.Stream(Style(), "text/css; charset=utf-8"))
            .AllowAnonymous().WithoutRateLimit().ExcludeFromDescription();
    }

    /// <summary>Part of the program, so that it is there wherever the program is.</summary>
    private static Stream Style() => typeof(Screens).Assembly.GetManifestResourceStream("console.css")!;

    private static Task ShowProblem(HttpContext context, ProblemType type, string? detail)
    {
        context.Response.Headers.ContentSecurityPolicy = ContentPolicy;
        if (type == ProblemTypes.Unauthenticated)
        {
            context.Response.Cookies.Delete(TokenCookie.Name);
            var from = Uri.EscapeDataString(TokenCookie.Local(context.Request.Path));
            context.Response.Redirect($"{TokenCookie.SignInRoute}?from={from}");
            return Task.CompletedTask;
        }

        context.Response.StatusCode = type.Status;
        return new RazorComponentResult<ProblemScreen>(
            new { type.Title, Detail = detail, TraceId = Problems.TraceId(context) })
        {
            StatusCode = type.Status,
        }.ExecuteAsync(context);
    }
}
