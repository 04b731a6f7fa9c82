using System.Text.Json;
using Billing.AppHost.Infrastructure;
using Billing.Contracts;

namespace Billing.AppHost.Reporting;

/// <summary>
/// <c>running.json</c> in the data folder (mode 600) while a stack is up: process id, endpoints per service,
/// what it runs on and where that answers. No password is in it.
/// </summary>
internal static class RunningFile
{
    private static readonly JsonSerializerOptions readable =
        new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static async Task Write(
        Installation installation, Startup start, TakenInfrastructure taken, CancellationToken cancellation)
    {
        var note = new
        {
            Pid = Environment.ProcessId,
            Services = Resources.Services.ToDictionary(service => service, start.Urls),
            Infrastructure = taken.Lines,
            Postgres = taken.Postgres is { } postgres ? await postgres.GetValueAsync(cancellation) : null,
            Kafka = taken.Kafka is { } kafka ? await kafka.GetConnectionStringAsync(cancellation) : null,
        };
        PrivateFile.Write(installation.RunningFile, JsonSerializer.Serialize(note, readable) + "\n");
    }
}
