using System.ComponentModel;
using System.Diagnostics;

namespace Billing.AppHost.Infrastructure;

/// <summary>Whether containers can run here. A client whose daemon does not answer is no runtime.</summary>
internal static class ContainerRuntime
{
    /// <summary>Aspire's own setting for which of them it uses.</summary>
    public const string Setting = "ASPIRE_CONTAINER_RUNTIME";

    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The first of Docker and Podman that answers, or the one that is asked for; null if none does.
    /// </summary>
    public static string? Find(string? askedFor, out string why)
    {
        string[] candidates = string.IsNullOrEmpty(askedFor) ? ["docker", "podman"] : [askedFor];
        var found = candidates.FirstOrDefault(Answers);
        why = found is null ? "no container runtime answers" : $"{found} answers";
        return found;
    }

    private static bool Answers(string client)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(client, "info")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            // Read, so that a full pipe cannot keep it from ending.
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(patience)) return process.ExitCode == 0;

            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            return false; // not installed
        }
    }
}
