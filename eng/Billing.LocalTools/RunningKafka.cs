using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Billing.LocalTools;

/// <summary>A broker that this process has started and will stop.</summary>
public sealed class RunningKafka : IAsyncDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(20);
    private const int TerminateSignal = 15;
    private const int LastLines = 10;

    private readonly Process process;
    private readonly Queue<string> said = new();

    private RunningKafka(Process process, string bootstrapServers)
    {
        (this.process, BootstrapServers) = (process, bootstrapServers);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    /// <summary>What clients connect to.</summary>
    public string BootstrapServers { get; }

    public int ProcessId => process.Id;

    internal static async Task<RunningKafka> Start(
        string command, string[] arguments, string bootstrapServers, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        var kafka = new RunningKafka(new Process { StartInfo = start }, bootstrapServers);
        kafka.process.Start();
        kafka.process.BeginOutputReadLine();
        kafka.process.BeginErrorReadLine();
        try
        {
            await kafka.UntilItAnswers(cancellation);
            return kafka;
        }
        catch
        {
            await kafka.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the broker cleanly; kills it when it does not end in time.</summary>
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

    private async Task UntilItAnswers(CancellationToken cancellation)
    {
        var since = Stopwatch.StartNew();
        while (await KafkaProbe.Ask(BootstrapServers, cancellation) is { } why)
        {
            if (process.HasExited) throw new PreparationFailed($"Kafka ended at once. It said: {Said()}");
            if (since.Elapsed > patience)
                throw new PreparationFailed($"Kafka does not get ready: {why}. It said: {Said()}");
            await Task.Delay(100, cancellation);
        }
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

    private string Said()
    {
        lock (said) return said.Count == 0 ? "nothing." : string.Join(" | ", said);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
