using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Billing.Contracts;
using Billing.LocalTools;

namespace Billing.Samples.Loading;

/// <summary>The HTTP interfaces of the running services, asked with tokens of the development issuer.</summary>
/// <param name="lifetime">Of the tokens; a demonstration's clocks run ahead of this machine's.</param>
internal sealed class Services(RunningInstallation running, TimeProvider time, TimeSpan? lifetime = null) : IDisposable
{
    private static readonly TimeSpan UsualLifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpClient client = new() { Timeout = Patience };

    public Task<JsonElement> Get(
        string service, string path, CancellationToken cancellation, string role = "finance", string? tenant = null) =>
        Ask(service, HttpMethod.Get, path, null, null, role, tenant, cancellation);

    /// <param name="key">The Idempotency-Key: the same again does nothing.</param>
    public Task<JsonElement> Post(
        string service, string path, object body, string key, CancellationToken cancellation, string role = "ops") =>
        Ask(service, HttpMethod.Post, path, JsonContent.Create(body), key, role, null, cancellation);

    public Task<JsonElement> PostFile(string service, string path, string file, CancellationToken cancellation)
    {
        var content = new ByteArrayContent(File.ReadAllBytes(file));
        content.Headers.ContentType = new("application/json");
        return Ask(service, HttpMethod.Post, path, content, null, "ops", null, cancellation);
    }

    /// <summary>The catalog that is shipped; what is there already stays as it is.</summary>
    public Task<JsonElement> ImportCatalog(string reason, CancellationToken cancellation) => PostFile(
        Resources.Pricing, $"/api/v1/catalog/import?reason={Uri.EscapeDataString(reason)}",
        Path.Combine(SampleUsage.Folder, "catalog.json"), cancellation);

    public Task<JsonElement> AddTenant(
        SampleTenant tenant, string reason, string key, CancellationToken cancellation) => Post(
        Resources.Pricing, "/api/v1/tenants",
        new { tenant = tenant.Id, tenant.Name, tenant.Country, reason }, key, cancellation);

    public Task<JsonElement> Put(
        string service, string path, object body, CancellationToken cancellation, string role = "ops") =>
        Ask(service, HttpMethod.Put, path, JsonContent.Create(body), null, role, null, cancellation);

    public void Dispose() => client.Dispose();

    /// <exception cref="PreparationFailed">The service refuses, with its own words, or does not answer.</exception>
    private async Task<JsonElement> Ask(
        string service, HttpMethod method, string path, HttpContent? body, string? key, string role, string? tenant,
        CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(running.Services[service], path)) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Bearer", running.Key.Token(role, tenant, time.GetUtcNow(), lifetime ?? UsualLifetime));
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var answer = await client.SendAsync(request, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            if (answer.IsSuccessStatusCode)
                return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone();

            throw new PreparationFailed($"{service} refuses {method} {path} ({(int)answer.StatusCode}): {text}");
        }
        catch (Exception silent) when (silent is HttpRequestException or JsonException
            or TaskCanceledException { InnerException: TimeoutException })
        {
            throw new PreparationFailed($"{service} does not answer {method} {path}: {silent.Message}", silent);
        }
    }
}
