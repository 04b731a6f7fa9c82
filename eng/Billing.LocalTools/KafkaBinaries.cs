namespace Billing.LocalTools;

/// <summary>Where Apache Kafka is installed on this machine, if it is.</summary>
public static class KafkaBinaries
{
    /// <summary>Of the jars that <c>eng/kafka/pom.xml</c> collects into the cache.</summary>
    public const string Version = "4.3.1";

    /// <summary>The folder that <c>mvn</c> fills.</summary>
    public static string CachedLibraries => CachedLibrariesIn(Cache.Root);

    /// <param name="Libraries">The folder with the jars.</param>
    /// <param name="Java">The <c>java</c> that runs them, 17 or later.</param>
    /// <param name="Source">For a person: where the jars are from.</param>
    public sealed record Found(string Libraries, string Java, string Source);

    /// <summary>
    /// <c>KAFKA_HOME/libs</c>, else <see cref="CachedLibraries"/>; with the <c>java</c> of <c>JAVA_HOME</c>,
    /// else of <c>PATH</c>. Null when there is none, with the reason in <paramref name="why"/>.
    /// </summary>
    /// <exception cref="PreparationFailed">KAFKA_HOME is set, but what it names cannot run.</exception>
    public static Found? Find(out string why) =>
        Find(Environment.GetEnvironmentVariable, Cache.Root, out why);

    internal static Found? Find(Func<string, string?> environment, string cache, out string why)
    {
        if (environment("KAFKA_HOME") is { Length: > 0 } home) return AtHome(home, environment, out why);

        var libraries = CachedLibrariesIn(cache);
        if (!HoldsKafka(libraries))
        {
            why = "KAFKA_HOME is not set, and no Kafka is in the cache";
            return null;
        }

        var java = KafkaJava.Find(environment, out var noJava);
        why = java is null
            ? $"Kafka {Version} is in the cache, but {noJava}" : $"Kafka {Version} from the cache";
        return java is null ? null : new Found(libraries, java, why);
    }

    /// <summary>Who names a broker wants that one: what is wrong is said, nothing else is taken.</summary>
    private static Found AtHome(string home, Func<string, string?> environment, out string why)
    {
        var libraries = Path.Combine(Path.GetFullPath(home), "libs");
        if (!HoldsKafka(libraries))
            throw new PreparationFailed(
                $"KAFKA_HOME is {home}, but no kafka_2.*.jar is in its libs folder: set it to an unpacked "
                + "Apache Kafka, or unset it.");

        var java = KafkaJava.Find(environment, out var noJava) ?? throw new PreparationFailed(
            $"KAFKA_HOME is set, but {noJava}: install Java {KafkaJava.AtLeast} or later (Debian: "
            + "openjdk-17-jre-headless), or unset KAFKA_HOME.");

        why = $"KAFKA_HOME ({home})";
        return new Found(libraries, java, why);
    }

    private static bool HoldsKafka(string libraries) =>
        Directory.Exists(libraries) && Directory.EnumerateFiles(libraries, "kafka_2.*.jar").Any();

    private static string CachedLibrariesIn(string cache) => Path.Combine(cache, $"kafka-{Version}", "libs");
}
