using System.Diagnostics;

namespace Billing.Samples.OwnStack;

/// <summary>
/// A process of a stack of our own. It ends with this one, however this one ends: the shell around it reads a pipe that
/// closes when this process is gone. What it says goes to a file.
/// </summary>
internal sealed class StackProcess : IAsyncDisposable
{
    private const int LinesInSentence = 12;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(25);

    // The shell drops variables with a dash in their name, so /usr/bin/env sets them.
    private const string Script =
        """
        exec 3<&0
        log=$1; shift
        /usr/bin/env "$@" </dev/null >>"$log" 2>&1 3<&- &
        child=$!
        (while read -r word <&3; do [ "$word" != kill ] || kill -KILL "$child"; done
         kill -TERM "$child" 2>/dev/null
         for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do kill -0 "$child" 2>/dev/null || exit; sleep 1; done
         kill -KILL "$child" 2>/dev/null) &
        watch=$!
        exec 3<&- 2>/dev/null
        wait "$child"
        code=$?
        kill "$watch" 2>/dev/null
        exit $code
        """;

    private readonly Process shell;
    private readonly string log;

    private StackProcess(string name, Process shell, string log) => (Name, this.shell, this.log) = (name, shell, log);

    public string Name { get; }

    public bool HasExited => shell.HasExited;

    /// <summary>Its last lines, on one, for a sentence about what went wrong.</summary>
    public string Said => File.Exists(log)
        ? string.Join(" / ", File.ReadLines(log).Where(line => line.Length > 0).TakeLast(LinesInSentence)) : "";

    public static StackProcess Start(
        string name, string logs, string command, IEnumerable<string> arguments,
        IEnumerable<KeyValuePair<string, string>> environment)
    {
        Directory.CreateDirectory(logs);
        var log = Path.Combine(logs, $"{name}.log");
        var start = new ProcessStartInfo(
            "/bin/sh",
            [
                "-c", Script, "stack", log, .. environment.Select(pair => $"{pair.Key}={pair.Value}"), command,
                .. arguments,
            ])
        {
            RedirectStandardInput = true,
        };
        return new(name, Process.Start(start)!, log);
    }

    /// <summary>Runs to its end; the exit code.</summary>
    public async Task<int> Ends(CancellationToken cancellation)
    {
        await shell.WaitForExitAsync(cancellation);
        return shell.ExitCode;
    }

    /// <summary>SIGKILL: no chance to save or say anything. Done when it is gone.</summary>
    public async Task Kill()
    {
        if (!shell.HasExited)
        {
            await shell.StandardInput.WriteLineAsync("kill");
            await shell.StandardInput.FlushAsync();
        }

        using var waited = new CancellationTokenSource(Grace);
        await shell.WaitForExitAsync(waited.Token);
    }

    /// <summary>SIGTERM, and SIGKILL when that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!shell.HasExited)
        {
            shell.StandardInput.Close();
            using var waited = new CancellationTokenSource(Grace);
            await shell.WaitForExitAsync(waited.Token);
        }

        shell.Dispose();
    }
}
