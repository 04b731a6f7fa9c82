using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Billing.Console.SignIn;

/// <summary>
/// A person signs in with a token, which from then on travels in a cookie that no script can read and no
/// other site can send. Each form carries an antiforgery token besides.
/// </summary>
public static class TokenCookie
{
    public const string Name = "billing_token";
    public const string SignInRoute = "/sign-in";
    public const string SignOutRoute = "/sign-out";

    /// <summary>Browsers keep about 4,096 bytes with the name and the attributes.</summary>
    private const int LongestToken = 3_800;

    public static void Add(WebApplicationBuilder builder) =>
        builder.Services.Configure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options =>
            options.Events = new JwtBearerEvents
            {
                OnMessageReceived = context =>
                {
                    if (context.Request.Headers.Authorization.Count == 0)
                        context.Token = context.Request.Cookies[Name];
                    return Task.CompletedTask;
                },
            });

    public static void Map(WebApplication app)
    {
        app.MapPost(SignInRoute, SignIn).AllowAnonymous().ExcludeFromDescription();
        app.MapPost(SignOutRoute, SignOut).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<IResult> SignIn(
        HttpContext context, [FromForm] string? token, [FromForm] string? from)
    {
        var text = token?.Trim() ?? "";
        if (text.Length is 0 or > LongestToken || await Check(context, text) is not { } ticket)
            return TypedResults.LocalRedirect(
                $"~{SignInRoute}?refused=1&from={Uri.EscapeDataString(Local(from))}");

        context.Response.Cookies.Append(Name, text, Attributes(context, ticket.Properties.ExpiresUtc));
        return TypedResults.LocalRedirect($"~{Local(from)}");
    }

    private static async Task<Results<RedirectHttpResult, ProblemHttpResult>> SignOut(
        HttpContext context, IAntiforgery antiforgery)
    {
        // The framework checks by itself only where a form's fields are bound.
        if (!await antiforgery.IsRequestValidAsync(context)) return Problems.Refuse(ProblemTypes.BadRequest);

        context.Response.Cookies.Delete(Name, Attributes(context, null));
        return TypedResults.LocalRedirect($"~{SignInRoute}");
    }

    /// <summary>
    /// Only a path of ours: whoever made the link must not choose where people go after signing in.
    /// </summary>
    public static string Local(string? path) =>
        path is ['/', ..] && !path.StartsWith("//", StringComparison.Ordinal)
            && !path.Contains('\\', StringComparison.Ordinal)
        && !path.Any(char.IsControl) ? path : "/";

    /// <summary>A request of its own, because the handler has already answered for this one.</summary>
    private static async Task<AuthenticationTicket?> Check(HttpContext context, string token)
    {
        await using var scope = context.RequestServices.CreateAsyncScope();
        var asked = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        asked.Request.Headers.Authorization = $"Bearer {token}";
        var result = await asked.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme);
        return result is { Succeeded: true, Ticket: var ticket } && Caller.TryOf(ticket.Principal, out _)
            ? ticket
            : null;
    }

    private static CookieOptions Attributes(HttpContext context, DateTimeOffset? expires) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        IsEssential = true,
        Path = "/",
        Expires = expires,
    };
}
