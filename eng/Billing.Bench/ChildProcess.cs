using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Billing.Bench;

/// <summary>A process that ends with this one, however this one ends.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // Whoever holds the other end of the pipe is gone when reading it ends.
    private const string Script =
        """
        exec 3<&0
        "$@" </dev/null 3<&- &
        child=$!
        (read -r word <&3
         kill -TERM "$child" 2>/dev/null
         for second in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$child" 2>/dev/null || exit; sleep 1; done
         kill -KILL "$child" 2>/dev/null) &
        watch=$!
        exec 3<&-
        wait "$child"
        code=$?
        kill "$watch" 2>/dev/null
        exit $code
        """;

    private const int LastLines = 20;
    private const int SigCont = 18, SigStop = 19; // of every Linux that .NET runs on

    private readonly Process _shell;
    private readonly Queue<string> _said = new();

    private ChildProcess(Process shell) => _shell = shell;

    /// <summary>Of the shell around it.</summary>
    public int Id => _shell.Id;

    public bool HasExited => _shell.HasExited;

    public string Said
    {
        get
        {
            lock (_said) return string.Join('\n', _said);
        }
    }

    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        // A shell passes on only names without dashes, and ours have some. These passwords live for minutes.
        var variables = environment.Select(one => $"{one.Key}={one.Value}");
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", Script, "bench", "env", .. variables, program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        var child = new ChildProcess(Process.Start(start)!);
        child._shell.OutputDataReceived += (_, line) => child.Keep(line.Data);
        child._shell.ErrorDataReceived += (_, line) => child.Keep(line.Data);
        child._shell.BeginOutputReadLine();
        child._shell.BeginErrorReadLine();
        return child;
    }

    /// <summary>Runs to its end.</summary>
    /// <exception cref="BenchFailed">It did not succeed.</exception>
    public static async Task Run(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment,
        CancellationToken cancellation)
    {
        await using var child = Start(program, arguments, environment);
        await child._shell.WaitForExitAsync(cancellation);
        if (child._shell.ExitCode != 0) throw new BenchFailed($"{program} failed: {child.Said}");
    }

    /// <summary>It stands still, warm as it is, until told to go on. For seconds: brokers miss it after a while.</summary>
    public void StandStill() => Signal(SigStop);

    public void GoOn() => Signal(SigCont);

    public async ValueTask DisposeAsync()
    {
        if (!_shell.HasExited)
        {
            _shell.StandardInput.Close();
            await _shell.WaitForExitAsync();
        }

        _shell.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;

        lock (_said)
        {
            _said.Enqueue(line);
            if (_said.Count > LastLines) _said.Dequeue();
        }
    }

    private void Signal(int signal)
    {
        foreach (var process in new ProcessTree().IdsBelow(Id))
            if (Kill(process, signal) != 0)
                throw new BenchFailed($"process {process} does not take signal {signal}.");
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
