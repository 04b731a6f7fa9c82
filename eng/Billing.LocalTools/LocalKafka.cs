using System.Buffers.Text;
using System.Diagnostics;

namespace Billing.LocalTools;

/// <summary>
/// A broker of this machine's own Apache Kafka, with one data directory: it is its own KRaft controller,
/// listens on 127.0.0.1 only, and keeps its data over restarts, on whatever ports.
/// </summary>
public sealed class LocalKafka
{
    private readonly KafkaBinaries.Found binaries;
    private readonly string home;

    private LocalKafka(KafkaBinaries.Found binaries, string home) =>
        (this.binaries, this.home) = (binaries, home);

    private string Properties => Path.Combine(home, "server.properties");

    /// <summary>Formats <paramref name="dataDirectory"/> when it is new.</summary>
    /// <exception cref="PreparationFailed">One sentence: not writable, disk full, or not Kafka's.</exception>
    public static LocalKafka Prepare(KafkaBinaries.Found binaries, string dataDirectory, Action<string> say)
    {
        var kafka = new LocalKafka(binaries, Path.GetFullPath(dataDirectory));
        try
        {
            Directory.CreateDirectory(kafka.home);
            if (!File.Exists(Path.Combine(kafka.home, "log", "meta.properties"))) kafka.Format(say);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new PreparationFailed(
                $"Kafka's data folder {kafka.home} cannot be written: {refused.Message.TrimEnd('.')}.",
                refused);
        }

        return kafka;
    }

    /// <summary>
    /// What to start for a broker on that port, in the foreground. It leaves Ctrl-C to whoever started it,
    /// and SIGTERM stops it cleanly.
    /// </summary>
    public (string Command, string[] Arguments) StartCommand(int port)
    {
        File.WriteAllText(Properties, KafkaProperties.Text(Path.Combine(home, "log"), port, FreePort.Find()));
        // An ignored signal stays ignored in what the shell becomes.
        const string deafToCtrlC = "trap '' INT; exec \"$0\" \"$@\"";
        return ("/bin/sh", ["-c", deafToCtrlC, binaries.Java, .. Flags(), "kafka.Kafka", Properties]);
    }

    /// <summary>Starts a broker and waits until it answers.</summary>
    /// <exception cref="PreparationFailed">It ended instead; with the last lines of what it said.</exception>
    public Task<RunningKafka> Start(int port, CancellationToken cancellation)
    {
        var (command, arguments) = StartCommand(port);
        return RunningKafka.Start(command, arguments, $"127.0.0.1:{port}", cancellation);
    }

    private void Format(Action<string> say)
    {
        say($"Kafka: making the data folder {home}");
        var idFile = Path.Combine(home, "cluster-id");
        if (!File.Exists(idFile)) File.WriteAllText(idFile, NewClusterId());
        File.WriteAllText(
            Properties, KafkaProperties.Text(Path.Combine(home, "log"), FreePort.Find(), FreePort.Find()));

        var start = new ProcessStartInfo(
            binaries.Java,
            [
                .. Flags(), "kafka.tools.StorageTool", "format",
                "-t", File.ReadAllText(idFile), "-c", Properties,
            ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var format = Process.Start(start)!;
        var output = format.StandardOutput.ReadToEndAsync();
        var error = format.StandardError.ReadToEnd();
        format.WaitForExit();
        if (format.ExitCode == 0) return;

        var lines = $"{output.GetAwaiter().GetResult()}\n{error}".Trim().Split('\n');
        throw new PreparationFailed($"Kafka's data folder {home} cannot be prepared: {lines[^1].Trim()}");
    }

    // Small and quick to start; a developer's broker moves little.
    private string[] Flags() =>
    [
        "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxMetaspaceSize=128m",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", Path.Combine(binaries.Libraries, "*"),
    ];

    /// <summary>16 random bytes, as Kafka writes them; without a leading dash, an option to tools.</summary>
    private static string NewClusterId()
    {
        while (true)
            if (Base64Url.EncodeToString(Guid.NewGuid().ToByteArray()) is var id && id[0] != '-')
                return id;
    }
}
