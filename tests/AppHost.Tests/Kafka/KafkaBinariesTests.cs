using Billing.LocalTools;

namespace Billing.AppHost.Tests.Kafka;

public sealed class KafkaBinariesTests
{
    [Test]
    public void a_kafka_home_without_kafka_is_refused()
    {
        using var home = new TemporaryFolder();

        Refusal(("KAFKA_HOME", home.Path)).ShouldBe(
            $"KAFKA_HOME is {home.Path}, but no kafka_2.*.jar is in its libs folder: set it to an unpacked "
            + "Apache Kafka, or unset it.");
    }

    [Test]
    public void a_kafka_home_without_java_is_refused()
    {
        using var home = Home();

        Refusal(("KAFKA_HOME", home.Path), ("PATH", "/nowhere")).ShouldBe(
            "KAFKA_HOME is set, but Java 17 or later is not installed: install Java 17 or later (Debian: "
            + "openjdk-17-jre-headless), or unset KAFKA_HOME.");
    }

    [Test]
    public void a_kafka_home_with_an_old_java_is_refused()
    {
        using var home = Home();
        var java = FakeJava(home, "openjdk version \\\"11.0.2\\\" 2019-01-15");

        Refusal(("KAFKA_HOME", home.Path), ("PATH", Path.GetDirectoryName(java)!))
            .ShouldContain($"{java} is Java 11, older than 17");
    }

    [Test]
    public void java_home_comes_before_path()
    {
        using var home = Home();
        var java = FakeJava(home, "openjdk version \\\"21.0.1\\\"");

        var found = KafkaBinaries.Find(
            Environment(("KAFKA_HOME", home.Path), ("JAVA_HOME", home.Path), ("PATH", "/usr/bin")),
            home.Path, out var why);

        found.ShouldNotBeNull().Java.ShouldBe(java);
        found.Libraries.ShouldBe(Path.Combine(home.Path, "libs"));
        why.ShouldContain("KAFKA_HOME");
    }

    [Test]
    public void without_kafka_home_the_cache_is_looked_at()
    {
        using var cache = new TemporaryFolder();
        var libraries = Directory.CreateDirectory(Path.Combine(cache.Path, "kafka-4.3.1", "libs")).FullName;
        var java = FakeJava(cache, "openjdk version \\\"17.0.15\\\"");

        KafkaBinaries.Find(Environment(("JAVA_HOME", cache.Path)), cache.Path, out var why).ShouldBeNull();
        why.ShouldBe("KAFKA_HOME is not set, and no Kafka is in the cache");

        File.WriteAllText(Path.Combine(libraries, "kafka_2.13-4.3.1.jar"), "");
        KafkaBinaries.Find(Environment(("JAVA_HOME", cache.Path)), cache.Path, out why)
            .ShouldBe(new KafkaBinaries.Found(libraries, java, "Kafka 4.3.1 from the cache"));

        KafkaBinaries.Find(Environment(), cache.Path, out why).ShouldBeNull();
        why.ShouldBe("Kafka 4.3.1 is in the cache, but Java 17 or later is not installed");
    }

    [TestCase("openjdk version \"17.0.15\" 2025-04-15", 17)]
    [TestCase("java version \"1.8.0_402\"", 8)]
    [TestCase("openjdk version \"22\" 2024-03-19", 22)]
    [TestCase("openjdk version \"24-ea\" 2025-03-18", 24)]
    [TestCase("Segmentation fault", null)]
    public void the_major_version_of_java(string said, int? major) => KafkaJava.Major(said).ShouldBe(major);

    private static string Refusal(params (string Name, string Value)[] environment) =>
        Should.Throw<PreparationFailed>(
            () => KafkaBinaries.Find(Environment(environment), "/nowhere", out _)).Message;

    private static Func<string, string?> Environment(params (string Name, string Value)[] variables) =>
        name => variables.FirstOrDefault(variable => variable.Name == name).Value;

    private static TemporaryFolder Home()
    {
        var home = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(home.Path, "libs"));
        File.WriteAllText(Path.Combine(home.Path, "libs", "kafka_2.13-4.3.1.jar"), "");
        return home;
    }

    private static string FakeJava(TemporaryFolder home, string version)
    {
        var java = Path.Combine(Directory.CreateDirectory(Path.Combine(home.Path, "bin")).FullName, "java");
        File.WriteAllText(java, $"#!/bin/sh\necho \"{version}\" >&2\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                java, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        return java;
    }
}
