using System.ComponentModel;
using System.Diagnostics;

namespace Aspire.Hosting.Orchestration;

/// <summary>
/// The container runtime of this machine: the one that <c>ASPIRE_CONTAINER_RUNTIME</c> names, else docker,
/// else podman, whichever answers. A client without its daemon does not.
/// </summary>
internal static class ContainerRuntime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static async Task<string?> Find(string? asked, CancellationToken cancellation)
    {
        string[] candidates = asked is { Length: > 0 } ? [asked] : ["docker", "podman"];
        foreach (var candidate in candidates)
        {
            if (await Answers(candidate, cancellation)) return candidate;
        }

        return null;
    }

    private static async Task<bool> Answers(string runtime, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            // "container ls" has to ask the daemon.
            using var question = Process.Start(new ProcessStartInfo(runtime, ["container", "ls", "-n", "1"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            try
            {
                await question.WaitForExitAsync(limit.Token);
                return question.ExitCode == 0;
            }
            catch (OperationCanceledException)
            {
                question.Kill();
                cancellation.ThrowIfCancellationRequested();
                return false;
            }
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
