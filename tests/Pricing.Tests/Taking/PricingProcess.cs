using Billing.Contracts;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.Testbed;
using Microsoft.Extensions.Configuration;

namespace Billing.Pricing.Tests.Taking;

/// <summary>Pricing as the AppHost starts it, any number of times on one database and one broker.</summary>
internal sealed class PricingProcess : IAsyncDisposable
{
    private static readonly Lazy<DevelopmentKey> Key = new(() =>
        DevelopmentIssuer.LoadOrCreate(Directory.CreateTempSubdirectory("billing-keys-").FullName));

    private readonly string _program = Programs.Path("services/Pricing");
    private readonly Dictionary<string, string> _environment = [];
    private readonly HttpClient _client = new();
    private OwnedProcess? _process;

    public PricingProcess(TestDatabase database, string bootstrapServers)
    {
        Set($"ConnectionStrings:{Resources.Kafka}", bootstrapServers);
        Set(Authentication.IssuerKey, DevelopmentIssuer.Issuer);
        Set(Authentication.AudienceKey, DevelopmentIssuer.Audience);
        Set(Authentication.KeysKey, Key.Value.Jwks);
        Set("Shutdown:Drain", "00:00:00");
        foreach (var (name, value) in database.Configuration.GetSection("ConnectionStrings").AsEnumerable(true))
            Set($"ConnectionStrings:{name}", value!);
    }

    public string Said => _process?.Said ?? "";

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public static string Token(string role, string? tenant = null) =>
        Key.Value.Token(role, tenant, TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(30));

    public void Set(string key, string value) => _environment[key.Replace(":", "__")] = value;

    public void Start()
    {
        // A group of its own, so that nobody waits until the one before is found dead.
        Set("Kafka:Group", Guid.NewGuid().ToString("N"));
        Address = new($"http://127.0.0.1:{FreePort.Find()}");
        _process = OwnedProcess.Start("/usr/bin/env",
            [.. _environment.Select(one => $"{one.Key}={one.Value}"), $"ASPNETCORE_URLS={Address}", _program]);
    }

    /// <summary>SIGKILL, and another one in its place.</summary>
    public async Task KillAndStartAgain()
    {
        await _process!.Kill();
        await _process.DisposeAsync();
        Start();
    }

    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, string role, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path)) { Content = body };
        request.Headers.Authorization = new("Bearer", Token(role));
        return await _client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_process is not null) await _process.DisposeAsync();
    }
}
