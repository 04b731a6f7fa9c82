using System.Diagnostics;
using System.Runtime.InteropServices;
using static Billing.StandIns.Tests.AspireHosting.Applications;

namespace Billing.StandIns.Tests.AspireHosting;

/// <summary>
/// Runs the sample host as a process of its own, ends it in every way, and looks for what is left.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class NoOrphans
{
    private const int Terminate = 15;
    private const int Kill = 9;
    private const int Interrupt = 2;

    // It has to outlast a process that does not listen: 10 s when stopped in order, 7 s by the watchdog.
    [TestCase(Interrupt), TestCase(Terminate), TestCase(Kill)]
    [CancelAfter(Limit * 2)]
    public async Task nothing_is_left_when_the_host_gets_the_signal(int signal, CancellationToken cancellation)
    {
        var mark = $"SAMPLE_HOST_TEST={Guid.NewGuid():N}";
        using var host = Start(mark);
        await Until(() => Marked(mark).Count(each => CommandLine(each) == "sleep\0600\0") == 2, cancellation);
        var before = Marked(mark);

        SystemKill(host.Id, signal).ShouldBe(0);
        await Until(() => Marked(mark).Length == 0, cancellation);

        // The host, its server, the deaf script with its two sleeps, and the watchdog.
        before.Length.ShouldBeGreaterThanOrEqualTo(5);
        await host.WaitForExitAsync(cancellation);
        if (signal != Kill) host.ExitCode.ShouldBe(0);
    }

    private static Process Start(string mark)
    {
        // A test runner in the background ignores SIGINT, and so would all that it starts.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", SampleHostProgram, "--no-dashboard"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var (name, value) = (mark.Split('=')[0], mark.Split('=')[1]);
        start.Environment[name] = value;
        start.Environment["SHELL"] = "/bin/sh";
        var host = Process.Start(start)!;
        host.OutputDataReceived += (_, _) => { };
        host.ErrorDataReceived += (_, _) => { };
        host.BeginOutputReadLine();
        host.BeginErrorReadLine();
        return host;
    }

    private static int[] Marked(string mark) =>
    [
        .. Directory.GetDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _))
            .Where(pid => Read($"/proc/{pid}/environ").Contains(mark, StringComparison.Ordinal))
            .Select(pid => int.Parse(pid!, System.Globalization.CultureInfo.InvariantCulture)),
    ];

    private static string CommandLine(int process) => Read($"/proc/{process}/cmdline");

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SystemKill(int process, int signal);
}
