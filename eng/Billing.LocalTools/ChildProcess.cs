using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Billing.LocalTools;

/// <summary>A server process that this one has started, listens to, and will stop.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(30);
    private const int TerminateSignal = 15;
    private const int LastLines = 10;

    private readonly Process process;
    private readonly Queue<string> said = new();

    private ChildProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true; // its end tells a shell in between that this process is gone
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    /// <summary>The last lines of its output and errors.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (said) return [.. said];
        }
    }

    /// <summary>Starts it and waits until it is of use.</summary>
    /// <param name="whyNotReady">Null when it is ready; asked again and again.</param>
    /// <param name="failure">From "it ended at once" or "it does not get ready", and all it said.</param>
    /// <exception cref="PreparationFailed">It ended, or is not ready within a minute.</exception>
    public static async Task<ChildProcess> Start(
        ProcessStartInfo start, Func<Task<string?>> whyNotReady, TimeSpan pause,
        Func<string, IReadOnlyList<string>, PreparationFailed> failure, CancellationToken cancellation)
    {
        var child = new ChildProcess(start);
        try
        {
            var since = Stopwatch.StartNew();
            while (await whyNotReady() is { } why)
            {
                if (child.process.HasExited)
                {
                    await child.process.WaitForExitAsync(cancellation); // until all it said is read
                    throw failure("ended at once", child.Said);
                }

                if (since.Elapsed > TimeSpan.FromMinutes(1))
                    throw failure($"does not get ready ({why})", child.Said);
                await Task.Delay(pause, cancellation);
            }

            return child;
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGTERM; SIGKILL when that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            _ = Signal(process.Id, TerminateSignal);
            using var waited = new CancellationTokenSource(grace);
            try
            {
                await process.WaitForExitAsync(waited.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }
        }

        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (said)
        {
            said.Enqueue(line);
            if (said.Count > LastLines) said.Dequeue();
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
