using System.Runtime.InteropServices;
using Billing.LocalTools;
using Billing.Samples.Feeding;

namespace Billing.Samples.Loading;

/// <summary>Runs beside the AppHost that `./billing up` becomes, and ends with it.</summary>
internal static partial class Start
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Started by the process that becomes the AppHost, whose id stays the same.</summary>
    public static async Task<int> Run(Arguments given, TextWriter output, CancellationToken cancellation)
    {
        var parent = given.Number("--parent", 0);
        using var orphaned = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watch = Watch(parent, orphaned);
        try
        {
            var running = await Healthy(given.Data, parent, orphaned.Token);
            await new LoadSample(running, new Progress(output), TimeProvider.System)
                .Run(given.Find("--dashboard"), orphaned.Token);
            return 0;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return 0; // the AppHost is gone, and has said why
        }
        finally
        {
            await orphaned.CancelAsync();
            await watch;
        }
    }

    private static async Task<RunningInstallation> Healthy(string data, int parent, CancellationToken cancellation)
    {
        while (true)
        {
            if (RunningInstallation.Find(data) is { } running && running.ProcessId == parent) return running;

            await Task.Delay(Pause, cancellation);
        }
    }

    private static async Task Watch(int parent, CancellationTokenSource orphaned)
    {
        while (!orphaned.IsCancellationRequested)
        {
            if (Parent() != parent) await orphaned.CancelAsync();
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int Parent();
}
