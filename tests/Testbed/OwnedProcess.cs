using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Billing.Testbed;

/// <summary>
/// A process that ends with this one, however this one ends: the shell around it reads a pipe that closes
/// when this process is gone, even by <c>kill -9</c>.
/// </summary>
public sealed class OwnedProcess : IAsyncDisposable
{
    private const int LastLines = 40;

    private const string Script =
        """
        exec 3<&0
        "$@" </dev/null 3<&- &
        child=$!
        (while read -r word <&3; do [ "$word" != kill ] || kill -KILL "$child"; done
         kill -TERM "$child" 2>/dev/null
         for second in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$child" 2>/dev/null || exit; sleep 1; done
         kill -KILL "$child" 2>/dev/null) &
        watch=$!
        exec 3<&-
        wait "$child"
        code=$?
        kill "$watch" 2>/dev/null
        [ -z "$BILLING_TESTBED_FOLDER" ] || rm -rf "$BILLING_TESTBED_FOLDER"
        exit $code
        """;

    private static readonly TimeSpan grace = TimeSpan.FromSeconds(20);

    private readonly Process shell;
    private readonly ConcurrentQueue<string> said = new();

    private OwnedProcess(Process shell) => this.shell = shell;

    public bool HasExited => shell.HasExited;

    /// <summary>The last lines that the process wrote, of output and errors.</summary>
    public string Said => string.Join('\n', said);

    /// <param name="folder">Removed when the process has ended.</param>
    public static OwnedProcess Start(string command, IEnumerable<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "owned", command, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["BILLING_TESTBED_FOLDER"] = folder;

        var owned = new OwnedProcess(new Process { StartInfo = start });
        owned.shell.OutputDataReceived += (_, line) => owned.Keep(line.Data);
        owned.shell.ErrorDataReceived += (_, line) => owned.Keep(line.Data);
        owned.shell.Start();
        owned.shell.BeginOutputReadLine();
        owned.shell.BeginErrorReadLine();

        return owned;
    }

    /// <summary>Ends it with SIGKILL: no chance to save or say anything. Done when it is gone.</summary>
    public async Task Kill()
    {
        await shell.StandardInput.WriteLineAsync("kill");
        await shell.StandardInput.FlushAsync();
        await shell.WaitForExitAsync(new CancellationTokenSource(Eventually.Patience).Token);
    }

    /// <summary>Ends it with SIGTERM, and with SIGKILL when that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!shell.HasExited)
        {
            shell.StandardInput.Close();
            using var waited = new CancellationTokenSource(grace);
            try
            {
                await shell.WaitForExitAsync(waited.Token);
            }
            catch (OperationCanceledException)
            {
                // It has ended, or will in a moment; what it started and left behind still holds its output.
            }
        }

        shell.Dispose();
    }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture, $"{shell.StartInfo.ArgumentList[3]} ({shell.Id}): {Said}");

    private void Keep(string? line)
    {
        if (line is null) return;

        said.Enqueue(line);
        if (said.Count > LastLines) said.TryDequeue(out _);
    }
}
