using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Aspire.Hosting.Orchestration;

/// <summary>What is to be started. <paramref name="Environment"/> is added to what is inherited.</summary>
internal sealed record Launch(
    string Command, IReadOnlyList<string> Arguments, string WorkingDirectory,
    IReadOnlyDictionary<string, string> Environment)
{
    public string CommandLine => string.Join(' ', Arguments.Prepend(Command).Select(Quoted));

    private static string Quoted(string argument) =>
        argument.Length > 0 && !argument.Any(char.IsWhiteSpace) ? argument : $"\"{argument}\"";
}

/// <summary>
/// A process in a session of its own, so that a terminal's Ctrl+C reaches the application host alone, which
/// stops resources in order.
/// </summary>
internal sealed class ChildProcess
{
    private const int LongestLine = 8 * 1024;
    private const int ReaderStack = 256 * 1024;

    // Variables that speak to the application host itself, and secrets that it hands out one by one.
    private static readonly string[] NotInherited =
    [
        "ASPNETCORE_", "ASPIRE_", "DOTNET_DASHBOARD_", "DOTNET_RESOURCE_SERVICE_", "DOTNET_LAUNCH_PROFILE",
        "ConnectionStrings__", "Parameters__", "AppHost__", "DcpPublisher__",
    ];

    private static readonly TimeSpan TimeToSayLastWords = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TimeForGroup = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly string? SetSid = FindOnPath("setsid");

    private readonly Process _process;
    private readonly Task _outputs;
    private readonly Task _gone;

    private ChildProcess(Process process, ConsoleLog log)
    {
        _process = process;
        Id = process.Id;
        _outputs = Task.WhenAll(
            Read(process.StandardOutput, log, isError: false), Read(process.StandardError, log, isError: true));
        _gone = process.WaitForExitAsync();
        Exited = WaitForExit();
    }

    public int Id { get; }

    /// <summary>
    /// The exit code, after all that the process wrote was read; 128 + n when signal n ended it.
    /// </summary>
    public Task<int> Exited { get; }

    /// <exception cref="DistributedApplicationException">
    /// It cannot be started; the message says why.
    /// </exception>
    public static ChildProcess Start(Launch launch, string mark, ConsoleLog log)
    {
        if (!Directory.Exists(launch.WorkingDirectory))
        {
            throw new DistributedApplicationException(
                $"the working directory '{launch.WorkingDirectory}' does not exist.");
        }

        var command = Resolve(launch);
        var start = InOwnSession(command, launch.Arguments);
        start.WorkingDirectory = launch.WorkingDirectory;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.StandardOutputEncoding = start.StandardErrorEncoding = Encoding.UTF8;
        foreach (var name in start.Environment.Keys.Where(IsNotInherited).ToArray()) start.Environment.Remove(name);
        foreach (var (name, value) in launch.Environment) start.Environment[name] = value;
        start.Environment[Watchdog.MarkName] = mark;

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return new ChildProcess(process, log);
        }
        catch (Win32Exception wrong)
        {
            throw new DistributedApplicationException($"'{command}' cannot be started: {wrong.Message}.", wrong);
        }
    }

    /// <summary>
    /// setsid(1) becomes the program itself: the process id is the program's, and it leads its group.
    /// </summary>
    public static ProcessStartInfo InOwnSession(string command, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo { FileName = SetSid ?? command, UseShellExecute = false };
        if (SetSid is not null) start.ArgumentList.Add(command);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>SIGTERM; SIGINT when half of the patience is over; SIGKILL when all of it is.</summary>
    public async Task<int> Stop(TimeSpan patience, CancellationToken atOnce)
    {
        Signals.Send(Id, Signals.Terminate);
        if (await Ends(patience / 2, atOnce)) return await Exited;

        if (!atOnce.IsCancellationRequested) Signals.Send(Id, Signals.Interrupt);
        if (await Ends(patience / 2, atOnce)) return await Exited;

        if (SetSid is not null) Signals.Send(-Id, Signals.Kill);
        Signals.Send(Id, Signals.Kill);
        return await Exited;
    }

    public static string? FindOnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, command)).FirstOrDefault(IsExecutable);

    public static bool IsExecutable(string file) =>
        File.Exists(file) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(file)
            & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    private static string Resolve(Launch launch)
    {
        var command = launch.Command;
        var found = command.Contains('/', StringComparison.Ordinal)
            ? Path.GetFullPath(Path.Combine(launch.WorkingDirectory, command)) : FindOnPath(command);
        if (found is null || !File.Exists(found))
        {
            throw new DistributedApplicationException($"the program '{command}' does not exist.");
        }

        return IsExecutable(found) ? found
            : throw new DistributedApplicationException($"the file '{found}' is not executable.");
    }

    private static bool IsNotInherited(string name) =>
        NotInherited.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    private async Task<bool> Ends(TimeSpan within, CancellationToken atOnce)
    {
        try
        {
            await _gone.WaitAsync(within, atOnce);
            return true;
        }
        catch (Exception late) when (late is OperationCanceledException or TimeoutException)
        {
            return false;
        }
    }

    private async Task<int> WaitForExit()
    {
        await _gone;
        await EndGroup();
        await Task.WhenAny(_outputs, Task.Delay(TimeToSayLastWords));
        var code = _process.ExitCode;
        _ = _outputs.ContinueWith(_ => _process.Dispose(), TaskScheduler.Default);
        return code;
    }

    /// <summary>What the process started and left behind would hold its port and its files.</summary>
    private async Task EndGroup()
    {
        if (SetSid is null || !Signals.Send(-Id, Signals.Terminate)) return;

        var since = Stopwatch.GetTimestamp();
        while (Signals.Send(-Id, Signals.Exists))
        {
            if (Stopwatch.GetElapsedTime(since) > TimeForGroup)
            {
                Signals.Send(-Id, Signals.Kill);
                return;
            }

            await Task.Delay(Poll);
        }
    }

    // Threads of their own: the runtime reads a child's pipe by blocking, and would use up the thread pool.
    private static Task Read(StreamReader from, ConsoleLog log, bool isError)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(
            () =>
            {
                try
                {
                    ReadLines(from, line => log.Add(line, isError));
                }
                catch (Exception wrong) when (wrong is IOException or ObjectDisposedException)
                {
                    // The pipe broke: there is nothing more to read.
                }

                done.SetResult();
            },
            ReaderStack)
        { IsBackground = true, Name = "output of a resource" };
        thread.Start();
        return done.Task;
    }

    private static void ReadLines(StreamReader from, Action<string> add)
    {
        var buffer = new char[4096];
        var line = new StringBuilder();
        int count;
        while ((count = from.Read(buffer, 0, buffer.Length)) > 0)
        {
            foreach (var character in buffer.AsSpan(0, count))
            {
                if (character != '\n') line.Append(character);
                if (character != '\n' && line.Length < LongestLine) continue;

                add(line.ToString().TrimEnd('\r'));
                line.Clear();
            }
        }

        if (line.Length > 0) add(line.ToString());
    }
}
