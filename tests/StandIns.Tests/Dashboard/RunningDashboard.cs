using System.Net;
using System.Text.Json;
using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.StandIns.Tests.Dashboard;

/// <summary>A dashboard on free ports, with a client that follows no redirect.</summary>
internal sealed class RunningDashboard : IAsyncDisposable
{
    public const string ApiKey = "key of this test";
    public const string Token = "token of this test";

    private readonly DashboardHost _host;

    private RunningDashboard(DashboardHost host, FakeResources resources)
    {
        _host = host;
        Resources = resources;
        Page = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = host.Addresses.Frontend,
        };
        Otlp = new()
        {
            BaseAddress = host.Addresses.OtlpHttp,
            DefaultRequestHeaders = { { "x-otlp-api-key", ApiKey } },
        };
    }

    public FakeResources Resources { get; }

    public DashboardAddresses Addresses => _host.Addresses;

    public HttpClient Page { get; }

    public HttpClient Otlp { get; }

    public static async Task<RunningDashboard> Start(
        bool allowAnonymous = true, TelemetryLimits? limits = null, TimeProvider? time = null)
    {
        var free = new Uri("http://127.0.0.1:0");
        var resources = new FakeResources();
        var options = new DashboardOptions("billing", free, free, free, ApiKey, Token, allowAnonymous);
        var host = await DashboardHost.Start(
            options, resources, time ?? TimeProvider.System, NullLoggerFactory.Instance, limits ?? new(), default);
        return new(host, resources);
    }

    public async Task<JsonElement> Get(string path)
    {
        using var answer = await Page.GetAsync(new Uri(path, UriKind.Relative));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        return JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        Page.Dispose();
        Otlp.Dispose();
        await _host.DisposeAsync();
    }
}
