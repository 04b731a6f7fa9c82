using Billing.LocalTools;

namespace Billing.Cli.Install;

/// <summary>Apache Kafka's jars by way of Maven, for those who want the real broker without a container.</summary>
internal static class KafkaJars
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task Ensure(Terminal terminal, CancellationToken cancellation)
    {
        if (KafkaBinaries.Find(out var why) is not null) return;

        var maven = Programs.Find("mvn") ?? throw new CannotGoOn(
            $"{why}, and there is no mvn to fetch it: install Maven and Java 17, or set KAFKA_HOME to an unpacked Kafka.");
        if (!Directory.Exists(KafkaBinaries.CachedLibraries))
            await Fetch(maven, terminal, cancellation);

        if (KafkaBinaries.Find(out why) is null)
            throw new CannotGoOn($"{why}.");
    }

    private static async Task Fetch(string maven, Terminal terminal, CancellationToken cancellation)
    {
        using var workplace = Workplace.Open($"kafka-{KafkaBinaries.Version}", terminal, cancellation);
        var place = KafkaBinaries.CachedLibraries;
        if (Directory.Exists(place)) return;

        await terminal.Step($"Fetching Apache Kafka {KafkaBinaries.Version} with mvn", async report =>
        {
            report("fetching");
            var made = Path.Combine(workplace.Folder, "libs");
            var outcome = await Programs.Run(
                new Call(
                    maven, "-B", "-q", "-Dstyle.color=never", "-f", Path.Combine(Checkout.Root, "eng", "kafka", "pom.xml"),
                    "dependency:copy-dependencies", $"-DoutputDirectory={made}")
                {
                    Folder = workplace.Folder,
                    Timeout = Patience,
                },
                cancellation);
            if (!outcome.Succeeded || !Directory.Exists(made))
                throw new CannotGoOn(
                    $"mvn cannot fetch Apache Kafka {KafkaBinaries.Version} (its repository does not answer, or lacks it): "
                    + $"{FirstError(outcome)} Without it, the embedded broker is used; or set KAFKA_HOME.");

            var beside = $"{place}.{Environment.ProcessId}";
            Directory.CreateDirectory(beside);
            foreach (var jar in Directory.EnumerateFiles(made))
                File.Copy(jar, Path.Combine(beside, Path.GetFileName(jar)));
            Directory.Move(beside, place);
        });
    }

    private static string FirstError(Outcome outcome) => outcome.TimedOut
        ? $"no end after {Terminal.Seconds(Patience)}."
        : outcome.Output.Split('\n').FirstOrDefault(line => line.Contains("ERROR", StringComparison.Ordinal))?.Trim() ?? "";
}
