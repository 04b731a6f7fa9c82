using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.Tokens;

namespace Billing.StandIns.Tests.JwtBearer;

/// <summary>A service behind AddJwtBearer, with a clock that stands still until it is moved.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly HttpClient _client;

    private Service(IHost host) => (_host, _client) = (host, host.GetTestClient());

    public static async Task<Service> Start(Action<JwtBearerOptions> configure, Clock? clock = null)
    {
        var host = new HostBuilder().ConfigureWebHost(web => web.UseTestServer().ConfigureServices(services =>
        {
            services.AddSingleton<TimeProvider>(clock ?? new Clock(Tokens.Now));
            services.AddRouting().AddAuthorization();
            services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(configure);
        }).Configure(app => app.UseRouting().UseAuthentication().UseAuthorization().UseEndpoints(routes =>
        {
            routes.MapGet("/", (HttpContext context) =>
                string.Join('\n', context.User.Claims.Select(claim => $"{claim.Type}={claim.Value}")))
                .RequireAuthorization();
            routes.MapGet("/admin", () => "admin").RequireAuthorization(policy => policy.RequireRole("admin"));
        }))).Build();
        await host.StartAsync();
        return new Service(host);
    }

    public static Task<Service> With(params SecurityKey[] keys) => Start(options =>
    {
        options.MapInboundClaims = false;
        options.TokenValidationParameters = new()
        {
            ValidIssuer = Tokens.Issuer,
            ValidAudience = Tokens.Audience,
            IssuerSigningKeys = keys,
            RoleClaimType = "role",
        };
    });

    public async Task<Answer> Get(string? token, string path = "/", string scheme = "Bearer")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"{scheme} {token}");
        using var answer = await _client.SendAsync(request);
        return new Answer(answer.StatusCode, await answer.Content.ReadAsStringAsync(), Challenge(answer.Headers));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.StopAsync();
        _host.Dispose();
    }

    private static string Challenge(HttpResponseHeaders headers) =>
        headers.TryGetValues("WWW-Authenticate", out var values) ? string.Join(" | ", values) : "";

    internal sealed record Answer(HttpStatusCode Status, string Body, string Challenge);
}

internal sealed class Clock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
