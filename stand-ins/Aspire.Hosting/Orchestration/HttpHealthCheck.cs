using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Orchestration;

/// <summary>Healthy when a request to an endpoint is answered with the expected status.</summary>
internal sealed class HttpHealthCheck(Func<EndpointReference> endpoint, string path, int expectedStatus)
    : IHealthCheck
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = TimeSpan.FromSeconds(10),
    };

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var reference = endpoint();
        if (!reference.IsAllocated) return HealthCheckResult.Unhealthy("The endpoint has no port yet.");

        var address = new Uri(new Uri(reference.Url), path);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using var answer = await Client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var status = (int)answer.StatusCode;
            return status == expectedStatus
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"{address} answered {status}, expected was {expectedStatus}.");
        }
        catch (HttpRequestException wrong)
        {
            return HealthCheckResult.Unhealthy($"{address}: {wrong.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"{address} did not answer in time.");
        }
    }
}
