using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Dashboard;

/// <summary>The page's files, all of them inside this assembly.</summary>
internal static class DashboardPage
{
    private const string Prefix = "Dashboard.Web/";
    private const string Refused = "login refused.html";

    private static readonly Dictionary<string, Asset> Assets = Load();

    /// <summary>What the login page needs, and nothing that says more than that a dashboard is here.</summary>
    public static bool IsOpen(PathString path) =>
        path.Value is "/assets/style.css" or "/assets/login.js" or "/assets/icon.svg" or "/favicon.ico";

    public static Task Main(HttpContext http) => Send(http, "index.html");

    /// <param name="isRefused">A token was given and is wrong.</param>
    public static Task Login(HttpContext http, int status, bool isRefused = false)
    {
        http.Response.StatusCode = status;
        return Send(http, isRefused ? Refused : "login.html");
    }

    public static async Task Send(HttpContext http, string name)
    {
        if (!Assets.TryGetValue(name, out var asset))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var response = http.Response;
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = asset.Tag;
        if (response.StatusCode == StatusCodes.Status200OK && http.Request.Headers.IfNoneMatch == asset.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = asset.Type;
        response.ContentLength = asset.Content.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await response.Body.WriteAsync(asset.Content, http.RequestAborted);
    }

    private static Dictionary<string, Asset> Load()
    {
        var assembly = typeof(DashboardPage).Assembly;
        var assets = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[Prefix.Length..], name =>
            {
                using var stream = assembly.GetManifestResourceStream(name)!;
                var content = new byte[stream.Length];
                stream.ReadExactly(content);
                return Asset.Of(content, name);
            });
        var login = Encoding.UTF8.GetString(assets["login.html"].Content);
        assets[Refused] = Asset.Of(Encoding.UTF8.GetBytes(login.Replace(" hidden>", ">", StringComparison.Ordinal)), Refused);
        return assets;
    }

    private static string Type(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };

    private sealed record Asset(byte[] Content, string Type, string Tag)
    {
        public static Asset Of(byte[] content, string name) =>
            new(content, DashboardPage.Type(name), $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"");
    }
}
