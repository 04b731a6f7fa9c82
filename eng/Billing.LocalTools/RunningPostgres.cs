using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Billing.LocalTools;

/// <summary>A PostgreSQL server that this process has started and will stop.</summary>
public sealed class RunningPostgres : IAsyncDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(30);
    private const int TerminateSignal = 15;
    private const int LastLines = 10;

    private readonly Process process;
    private readonly Queue<string> said = new();

    private RunningPostgres(Process process, int port, string password)
    {
        this.process = process;
        Port = port;
        ConnectionString = string.Create(
            CultureInfo.InvariantCulture,
            $"Host=127.0.0.1;Port={port};Username={LocalPostgres.Administrator};Password={password};"
            + $"Database=postgres");
    }

    public int Port { get; }

    /// <summary>As the superuser, to the database <c>postgres</c>.</summary>
    public string ConnectionString { get; }

    /// <summary>The shell around the server.</summary>
    public int ProcessId => process.Id;

    internal static async Task<RunningPostgres> Start(
        string[] arguments, string directory, int port, string password, string? throwaway,
        CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("/bin/sh", arguments)
        {
            RedirectStandardInput = true, // its end tells the shell that this process is gone
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[PostgresShell.Lifeline] = "yes";
        start.Environment[PostgresShell.Throwaway] = throwaway;

        var postgres = new RunningPostgres(Process.Start(start)!, port, password);
        postgres.process.OutputDataReceived += (_, line) => postgres.Keep(line.Data);
        postgres.process.ErrorDataReceived += (_, line) => postgres.Keep(line.Data);
        postgres.process.BeginOutputReadLine();
        postgres.process.BeginErrorReadLine();
        try
        {
            await postgres.UntilItAnswers(directory, cancellation);
            return postgres;
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>Shuts the server down fast, keeping what was committed.</summary>
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

    private async Task UntilItAnswers(string directory, CancellationToken cancellation)
    {
        var since = Stopwatch.StartNew();
        while (!PostmasterFile.IsReady(directory) || !await PostgresProbe.Answers(Port, cancellation))
        {
            if (process.HasExited)
            {
                await process.WaitForExitAsync(cancellation); // until all it said is read
                throw new PreparationFailed($"PostgreSQL ended at once on port {Port}: {Said()}");
            }

            if (since.Elapsed > patience)
                throw new PreparationFailed($"PostgreSQL does not get ready: {Said()}");
            await Task.Delay(25, cancellation);
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
        lock (said)
            return said.FirstOrDefault(line => line.Contains("could not", StringComparison.Ordinal))
                ?? said.LastOrDefault(line => line.Contains("FATAL", StringComparison.Ordinal))
                ?? said.LastOrDefault() ?? "it said nothing.";
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
