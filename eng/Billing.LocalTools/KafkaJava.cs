using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Billing.LocalTools;

/// <summary>Finds a Java that can run Kafka.</summary>
internal static partial class KafkaJava
{
    public const int AtLeast = 17;

    private static readonly TimeSpan patience = TimeSpan.FromSeconds(20);

    /// <summary>That of JAVA_HOME, else the first on PATH; null, and why there is none.</summary>
    public static string? Find(Func<string, string?> environment, out string why)
    {
        var java = Candidates(environment).FirstOrDefault(File.Exists);
        if (java is null)
        {
            why = $"Java {AtLeast} or later is not installed";
            return null;
        }

        var version = VersionOf(java);
        why = version is null ? $"{java} does not start" : $"{java} is Java {version}, older than {AtLeast}";
        return version >= AtLeast ? java : null;
    }

    /// <summary>What <c>java -version</c> says: 17 of "17.0.15", 8 of "1.8.0_402".</summary>
    internal static int? Major(string output)
    {
        var match = Quoted().Match(output);
        if (!match.Success) return null;

        var major = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return major == 1 && match.Groups[2].Success
            ? int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)
            : major;
    }

    private static IEnumerable<string> Candidates(Func<string, string?> environment)
    {
        var name = OperatingSystem.IsWindows() ? "java.exe" : "java";
        if (environment("JAVA_HOME") is { Length: > 0 } home) yield return Path.Combine(home, "bin", name);

        foreach (var folder in (environment("PATH") ?? "").Split(Path.PathSeparator))
            if (folder.Length > 0)
                yield return Path.Combine(folder, name);
    }

    private static int? VersionOf(string java)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(java, "-version")
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
            var said = process.StandardError.ReadToEndAsync();
            if (process.WaitForExit(patience)) return Major(said.GetAwaiter().GetResult());

            process.Kill();
            return null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex("version \"([0-9]{1,4})(?:\\.([0-9]{1,4}))?")]
    private static partial Regex Quoted();
}
