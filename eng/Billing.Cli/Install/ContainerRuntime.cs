namespace Billing.Cli.Install;

/// <summary>A container runtime that answers; a client without its daemon is none.</summary>
internal static class ContainerRuntime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Its name, or null.</summary>
    public static async Task<string?> Find(CancellationToken cancellation)
    {
        // Aspire's own setting for which of them it uses.
        string[] names = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") is { Length: > 0 } asked
            ? [asked]
            : ["docker", "podman"];
        foreach (var name in names)
        {
            if (Programs.Find(name) is not { } client) continue;

            var outcome = await Programs.Run(new Call(client, "info") { Timeout = Patience }, cancellation);
            if (outcome.Succeeded) return name;
        }

        return null;
    }
}
