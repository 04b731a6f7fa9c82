using System.Diagnostics;
using System.Globalization;

namespace Billing.LocalTools;

/// <summary>A PostgreSQL server that this process has started and will stop.</summary>
public sealed class RunningPostgres : IAsyncDisposable
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(25);

    private readonly ChildProcess process;

    private RunningPostgres(ChildProcess process, int port, string password)
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
        var start = new ProcessStartInfo("/bin/sh", arguments);
        start.Environment[PostgresShell.Lifeline] = "yes";
        start.Environment[PostgresShell.Throwaway] = throwaway;

        return new(
            await ChildProcess.Start(
                start, () => WhyNotReady(directory, port, cancellation), pause,
                (how, said) => new($"PostgreSQL {how} on port {port}: {Cause(said)}"), cancellation),
            port, password);
    }

    /// <summary>Shuts the server down fast, keeping what was committed.</summary>
    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static async Task<string?> WhyNotReady(
        string directory, int port, CancellationToken cancellation) =>
        PostmasterFile.IsReady(directory) && await PostgresProbe.Answers(port, cancellation)
            ? null
            : "it does not answer";

    private static string Cause(IReadOnlyList<string> said) =>
        said.FirstOrDefault(line => line.Contains("could not", StringComparison.Ordinal))
            ?? said.LastOrDefault(line => line.Contains("FATAL", StringComparison.Ordinal))
            ?? (said.Count == 0 ? "it said nothing." : said[^1]);
}
