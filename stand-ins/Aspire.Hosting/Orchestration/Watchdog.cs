using System.Diagnostics;

namespace Aspire.Hosting.Orchestration;

/// <summary>
/// Ends what is left of the application when the application host is gone, however it went. A shell in a
/// session of its own reads a pipe that only the application host holds open (the runtime closes it in every
/// process that it starts). When the pipe ends it looks for processes that carry this run's mark in their
/// environment, asks them to stop, and after a few seconds no longer asks. Linux only: it reads /proc.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    /// <summary>
    /// The variable that every process of the application, and whatever it starts, carries.
    /// </summary>
    public const string MarkName = "ASPIRE_APPHOST_RUN";

    // $0 is the mark. A line on the pipe names the container runtime in use. TERM at once, INT (PostgreSQL:
    // no longer wait for clients) after 3 s, QUIT after 5 s, KILL from 7 s on. Nothing found in four looks a
    // quarter of a second apart: done (a process that was just being started has its mark a moment later).
    private const string Script = """
        trap '' HUP INT QUIT TERM
        exec >/dev/null 2>&1
        cd /
        runtime=
        while read -r line; do runtime=$line; done
        marked() { grep -lsaF "$0" /proc/[0-9]*/environ; }
        send() { for file in $found; do pid=${file#/proc/}; kill -s "$1" "${pid%/environ}"; done; }
        if [ -n "$runtime" ]; then
          containers=$("$runtime" ps -q --filter "label=$0")
          [ -z "$containers" ] || "$runtime" rm -f $containers
        fi
        round=0 quiet=0
        while [ $quiet -lt 4 ] && [ $round -lt 240 ]; do
          found=$(marked)
          if [ -z "$found" ]; then quiet=$((quiet + 1)); else
            quiet=0
            if [ $round -ge 28 ]; then send KILL
            elif [ $round -eq 20 ]; then send QUIT
            elif [ $round -eq 12 ]; then send INT
            elif [ $((round % 4)) -eq 0 ]; then send TERM; fi
          fi
          round=$((round + 1))
          sleep 0.25
        done
        """;

    private readonly Process _shell;

    private Watchdog(Process shell, string mark)
    {
        _shell = shell;
        Mark = mark;
    }

    public string Mark { get; }

    public static Watchdog Start()
    {
        var mark = Guid.NewGuid().ToString("N");
        var start = ChildProcess.InOwnSession("/bin/sh", ["-c", Script, $"{MarkName}={mark}"]);
        start.RedirectStandardInput = true;
        start.Environment.Remove(MarkName);
        return new Watchdog(Process.Start(start)!, mark);
    }

    public void UsesContainers(string runtime)
    {
        _shell.StandardInput.WriteLine(runtime);
        _shell.StandardInput.Flush();
    }

    /// <summary>Sends it to look for what is left, and does not wait for it.</summary>
    public void Dispose()
    {
        _shell.StandardInput.Dispose();
        _shell.Dispose();
    }
}
