using System.Net;
using Billing.Contracts;
using Billing.ServiceDefaults;

namespace Billing.Console.Operations;

public enum ServiceState
{
    /// <summary>The Console has not been told the service's address.</summary>
    Unknown,
    Ready,
    NotReady,
    Unreachable,
}

/// <summary>Asks each service, when somebody looks, whether it is ready.</summary>
public sealed class ServiceStates(IHttpClientFactory clients, IConfiguration configuration)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddHttpClient(nameof(ServiceStates), client => client.Timeout = Longest);
        builder.Services.AddSingleton<ServiceStates>();
    }

    public async Task<IReadOnlyList<(string Service, ServiceState State)>> AskAll(
        CancellationToken cancellationToken) =>
        await Task.WhenAll(Resources.Services.Select(async service => (service,
            service == Resources.Console ? ServiceState.Ready : await Ask(service, cancellationToken))));

    private async Task<ServiceState> Ask(string service, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(configuration[$"services:{service}:http:0"], UriKind.Absolute, out var address))
            return ServiceState.Unknown;
        try
        {
            using var client = clients.CreateClient(nameof(ServiceStates));
            using var answer = await client.GetAsync(new Uri(address, Health.ReadyRoute), cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK ? ServiceState.Ready : ServiceState.NotReady;
        }
        catch (Exception exception) when (exception is HttpRequestException
            || exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return ServiceState.Unreachable;
        }
    }
}
