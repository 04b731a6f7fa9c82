using System.Text.Json;
using Billing.AppHost.Infrastructure;
using Billing.Contracts;

namespace Billing.AppHost.Reporting;

/// <summary>
/// <c>running.json</c> in the data folder (mode 600) while a stack is up: process id, endpoints per service,
/// and what it runs on. No password is in it.
/// </summary>
internal static class RunningFile
{
    private static readonly JsonSerializerOptions readable =
        new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void Write(Installation installation, Startup start, TakenInfrastructure taken) =>
        PrivateFile.Write(installation.RunningFile, JsonSerializer.Serialize(
            new
            {
                Pid = Environment.ProcessId,
                Services = Resources.Services.ToDictionary(service => service, start.Urls),
                Infrastructure = taken.Lines,
            },
            readable) + "\n");
}
