using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Aspire.Hosting.Dashboard;

/// <summary>Who may see the page: whoever on this machine holds the token.</summary>
internal sealed class DashboardAccess(string token, bool allowAnonymous)
{
    private const int MaxRequestBytes = 64 * 1024;

    private readonly byte[] _token = Hash(token);

    // Derived, so that with a fixed token a restart does not log anybody out; and not the token itself, because
    // browsers send a cookie to every port of a host.
    private readonly string _session = Convert.ToHexStringLower(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), "dashboard session"u8));

    /// <summary>Lets a request through, or answers it.</summary>
    public async Task Guard(HttpContext http, RequestDelegate next)
    {
        Harden(http.Response.Headers);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = MaxRequestBytes;

        // A page elsewhere can point its own name at this machine, but it cannot change the name the browser sends.
        if (!IsLoopback(http.Request.Host.Host))
        {
            await Refuse(http, 400, "The dashboard answers to localhost only.");
            return;
        }

        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method) && !IsSameOrigin(http.Request))
        {
            await Refuse(http, 403, "The request does not come from the dashboard's own page.");
            return;
        }

        if (http.Request.Path == "/login")
        {
            await Login(http);
            return;
        }

        if (DashboardPage.IsOpen(http.Request.Path) || IsLoggedIn(http))
        {
            await next(http);
            return;
        }

        if (http.Request.Path.StartsWithSegments("/api"))
            await Refuse(http, 401, "Log in first: open the link that was printed at start.");
        else
            await DashboardPage.Login(http, 401);
    }

    private async Task Login(HttpContext http)
    {
        string? given = http.Request.Query["t"];
        if (HttpMethods.IsPost(http.Request.Method) && http.Request.HasFormContentType)
            given = (await http.Request.ReadFormAsync(http.RequestAborted))["t"];

        if (given is null && IsLoggedIn(http))
        {
            http.Response.Redirect("/");
            return;
        }

        if (given is null)
        {
            await DashboardPage.Login(http, 200);
            return;
        }

        if (!CryptographicOperations.FixedTimeEquals(Hash(given.Trim()), _token))
        {
            await DashboardPage.Login(http, 401, isRefused: true);
            return;
        }

        http.Response.Cookies.Append(Cookie(http), _session, new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" });
        http.Response.Redirect("/");
    }

    private bool IsLoggedIn(HttpContext http) =>
        allowAnonymous
        || (http.Request.Cookies.TryGetValue(Cookie(http), out var given)
            && CryptographicOperations.FixedTimeEquals(Hash(given), Hash(_session)));

    /// <summary>All ports of a host share their cookies: two dashboards must not take each other's.</summary>
    private static string Cookie(HttpContext http) => $".dashboard.{http.Connection.LocalPort}";

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <summary>Browsers send Origin with every POST; whoever does not is not our page.</summary>
    private static bool IsSameOrigin(HttpRequest request) =>
        string.Equals(request.Headers.Origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)
        && request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin";

    private static void Harden(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private static async Task Refuse(HttpContext http, int status, string why)
    {
        http.Response.StatusCode = status;
        await http.Response.WriteAsJsonAsync(new { status, title = why }, http.RequestAborted);
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
