using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Orchestration;

/// <summary>The documented settings of the dashboard; every address is moved to the loopback interface.</summary>
internal static class DashboardSettings
{
    private static readonly Uri AnyPort = new("http://localhost:0");

    public static (string? Grpc, string? Http) Otlp(IConfiguration configuration) => (
        First(configuration, "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "DOTNET_DASHBOARD_OTLP_ENDPOINT_URL"),
        First(configuration, "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "DOTNET_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"));

    /// <exception cref="DistributedApplicationException">A setting is not an address.</exception>
    public static DashboardOptions Read(
        IConfiguration configuration, string applicationName, Func<string, Uri, Uri> freeOrOther)
    {
        var (grpc, http) = Otlp(configuration);
        return new(
            applicationName,
            Address("ASPNETCORE_URLS", configuration["ASPNETCORE_URLS"]?.Split(';')[0]),
            Address("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", grpc),
            Address("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", http),
            configuration["AppHost:OtlpApiKey"] ?? Guid.NewGuid().ToString("N"),
            First(configuration, "ASPIRE_DASHBOARD_FRONTEND_BROWSERTOKEN", "DOTNET_DASHBOARD_FRONTEND_BROWSERTOKEN")
                ?? configuration["AppHost:BrowserToken"],
            First(
                configuration, "ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS",
                "DOTNET_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS") is { } anonymous && bool.Parse(anonymous));

        Uri Address(string setting, string? value)
        {
            if (string.IsNullOrWhiteSpace(value)) return AnyPort;
            if (!Uri.TryCreate(value, UriKind.Absolute, out var asked))
            {
                throw new DistributedApplicationException($"The setting {setting} is not an address: '{value}'.");
            }

            // No certificate is made here, and nothing leaves this machine: plain HTTP on the loopback interface.
            return freeOrOther(setting, new UriBuilder("http", "localhost", asked.Port).Uri);
        }
    }

    private static string? First(IConfiguration configuration, params string[] names) =>
        names.Select(name => configuration[name]).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));
}
