using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Billing.Cli;

/// <summary>Another program to run to its end. Its standard input is empty, so that it never waits for an answer.</summary>
internal sealed record Call(string Program, params IReadOnlyList<string> Arguments)
{
    public string? Folder { get; init; }

    /// <summary>Added to this process's environment; null removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>After this long the program and all it started are ended, and the outcome says so.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Hears each line of both streams as it comes.</summary>
    public Action<string>? OnLine { get; init; }
}

/// <summary>How a program ended, with what it wrote, standard error mixed in.</summary>
internal sealed record Outcome(int ExitCode, string Output, bool TimedOut)
{
    public bool Succeeded => ExitCode == 0 && !TimedOut;

    /// <summary>The last lines that are not empty, on one line, for a sentence about what went wrong.</summary>
    public string Tail(int lines = 1) => string.Join(" / ", Output
        .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .TakeLast(lines));
}

/// <summary>Runs other programs and never leaves them behind.</summary>
internal static partial class Programs
{
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(5);
    private const int NotStarted = 127;
    private const int Terminate = 15;

    /// <summary>The full path of an executable on PATH, or null.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(IsExecutable);

    private static bool IsExecutable(string path)
    {
        const UnixFileMode Executable =
            UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

        return File.Exists(path)
            && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != UnixFileMode.None);
    }

    /// <summary>Runs to the end. A program that cannot be started is an outcome with exit code 127, as in a shell.</summary>
    public static async Task<Outcome> Run(Call call, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(call.Program, call.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = call.Folder ?? Directory.GetCurrentDirectory(),
        };
        foreach (var (name, value) in call.Environment)
            start.Environment[name] = value;

        var written = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);

        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return new Outcome(NotStarted, $"{call.Program}: {missing.Message}", TimedOut: false);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using var timeout = new CancellationTokenSource(call.Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            await End(process);
            cancellation.ThrowIfCancellationRequested();
        }

        lock (written)
            return new Outcome(process.ExitCode, written.ToString(), timeout.IsCancellationRequested);

        void Hear(string? line)
        {
            if (line is null) return;

            lock (written)
                written.Append(line).Append('\n');
            call.OnLine?.Invoke(line);
        }
    }

    private static async Task End(Process process)
    {
        if (!OperatingSystem.IsWindows())
            _ = Signal(process.Id, Terminate);

        using var patience = new CancellationTokenSource(TimeToEnd);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>Becomes another program: same process id, so signals, terminal and exit code are its own.</summary>
    /// <param name="arguments">From the name that the program sees itself called by.</param>
    /// <exception cref="CannotGoOn">The program cannot be started; otherwise this never returns.</exception>
    public static void Become(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> added)
    {
        var environment = Environment.GetEnvironmentVariables()
            .Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value);
        foreach (var (name, value) in added)
            environment[name] = value;

        Console.Out.Flush();
        Console.Error.Flush();
        unsafe
        {
            fixed (nint* argv = Strings([.. arguments]))
            fixed (nint* envp = Strings(environment.Select(variable => $"{variable.Key}={variable.Value}")))
                _ = Execute(program, argv, envp);
        }

        throw new CannotGoOn(
            $"{program} cannot be started: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    /// <summary>As C wants them, with a null at the end; not freed, because the process is about to be another.</summary>
    private static nint[] Strings(IEnumerable<string> texts) => [.. texts.Select(Marshal.StringToCoTaskMemUTF8), 0];

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execute(string path, nint* arguments, nint* environment);
}
