using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Billing.Testbed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Tests;

/// <summary>
/// A service with the HTTP defaults and nothing else, on a real port, with a clock that stands still.
/// </summary>
internal sealed class TestService : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero);

    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private readonly WebApplication _app;

    private TestService(WebApplication app, VirtualTime time)
    {
        (_app, Time) = (app, time);
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(app.Urls.First()),
        };
    }

    public VirtualTime Time { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<TestService> Run(
        Action<WebApplication>? map = null, Action<WebApplicationBuilder>? add = null,
        params (string Key, string? Value)[] settings)
    {
        var time = new VirtualTime(Start);
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            Settings().ToDictionary(pair => pair.Key, pair => pair.Value));
        builder.Configuration.AddInMemoryCollection(
            settings.ToDictionary(pair => pair.Key, pair => pair.Value));
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.AddHttpDefaults("tested", typeof(TestService).Assembly);
        add?.Invoke(builder);

        var app = builder.Build();
        app.UseServiceDefaults();
        map?.Invoke(app);
        await app.StartAsync();
        return new TestService(app, time);
    }

    public static IEnumerable<(string Key, string? Value)> Settings()
    {
        yield return (Authentication.IssuerKey, "https://issuer.test");
        yield return (Authentication.AudienceKey, "billing");
        yield return (Authentication.KeysKey, Jwks());
    }

    public static string Jwks()
    {
        var point = Key.ExportParameters(false).Q;
        return JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "EC", crv = "P-256", use = "sig", x = Encode(
                point.X!), y = Encode(point.Y!) } },
        });
    }

    public static string Token(params (string Name, object? Value)[] claims)
    {
        var payload = new Dictionary<string, object?>
        {
            ["iss"] = "https://issuer.test",
            ["aud"] = "billing",
            ["sub"] = "somebody",
            ["exp"] = Start.AddHours(1).ToUnixTimeSeconds(),
        };
        foreach (var (name, value) in claims)
            if (value is null) payload.Remove(name);
            else payload[name] = value;

        var header = Encode("""{"alg":"ES256"}"""u8);
        var text = $"{header}.{Encode(JsonSerializer.SerializeToUtf8Bytes(payload))}";
        return $"{text}.{Encode(Key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    public static string TokenOf(string role, string subject = "somebody") =>
        Token(("sub", subject), ("role", role), ("tenant", role == Roles.Tenant ? "acme" : null));

    public Task<HttpResponseMessage> Get(string path, string? token = null) =>
        Send(HttpMethod.Get, path, token);

    public async Task<HttpResponseMessage> Send(
        HttpMethod method, string path, string? token, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await Client.SendAsync(request);
    }

    public static async Task<JsonElement> Json(HttpResponseMessage answer) =>
        await answer.Content.ReadFromJsonAsync<JsonElement>();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static string Encode(ReadOnlySpan<byte> bytes) =>
        System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
