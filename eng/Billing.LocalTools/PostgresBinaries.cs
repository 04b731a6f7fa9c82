using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Billing.LocalTools;

/// <summary>Finds a PostgreSQL that is installed on this machine; installs nothing.</summary>
public static partial class PostgresBinaries
{
    /// <summary>SQL and settings here are tried with this major version and later ones.</summary>
    public const int OldestMajor = 15;

    private static readonly string[] Needed = ["postgres", "initdb", "pg_ctl"];

    /// <summary>A folder with <c>postgres</c>, <c>initdb</c> and <c>pg_ctl</c>.</summary>
    /// <param name="Version">As PostgreSQL says it: <c>15.18</c>, <c>18beta1</c>.</param>
    /// <param name="Source">Where it was found, for people: "pg_ctl on PATH".</param>
    public sealed record Found(string BinDirectory, string Version, string Source)
    {
        public int Major => int.Parse(Digits().Match(Version).Value, CultureInfo.InvariantCulture);

        public string Program(string name) => Path.Combine(BinDirectory, name);
    }

    /// <summary>
    /// The first that works of: <c>pg_ctl</c> on PATH, Debian's newest, the npm package in the cache.
    /// </summary>
    /// <param name="why">
    /// When nothing was found: one sentence that says where was looked and what is missing.
    /// </param>
    public static Found? Find(out string why) =>
        Find(Environment.GetEnvironmentVariable("PATH") ?? "", "/usr/lib/postgresql", Cache.Root, out why);

    internal static Found? Find(string path, string debian, string cache, out string why)
    {
        var refused = new List<string>();
        foreach (var (directory, source) in Candidates(path, debian, cache))
        {
            if (Needed.Any(program => !File.Exists(Path.Combine(directory, program)))) continue;

            var version = VersionOf(directory);
            if (version is null) refused.Add($"{directory} holds a postgres that does not run");
            else if (new Found(directory, version, source) is { Major: >= OldestMajor } found)
            {
                why = "";
                return found;
            }
            else refused.Add($"{directory} holds version {version}, which is older than {OldestMajor}");
        }

        why = refused.Count > 0
            ? $"No usable PostgreSQL: {string.Join("; ", refused)}."
            : $"No PostgreSQL found: no pg_ctl on PATH, nothing in {debian}, and no "
                + $"{EmbeddedPostgresPackage.Folder} in {cache}.";

        return null;
    }

    private static IEnumerable<(string Directory, string Source)> Candidates(
        string path, string debian, string cache)
    {
        foreach (var folder in path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            if (Resolve(Path.Combine(folder, "pg_ctl")) is { } program)
                yield return (Path.GetDirectoryName(program)!, "pg_ctl on PATH");

        if (Directory.Exists(debian))
            foreach (var version in Directory.GetDirectories(debian).OrderByDescending(MajorOf))
                yield return (Path.Combine(version, "bin"), "Debian's postgresql");

        var package = Path.Combine(cache, EmbeddedPostgresPackage.Folder);
        if (Directory.Exists(package))
            foreach (var bin in Directory.EnumerateDirectories(package, "bin", SearchOption.AllDirectories))
                yield return (bin, $"the npm package {EmbeddedPostgresPackage.Id}");
    }

    private static string? Resolve(string program) => !File.Exists(program)
        ? null
        : File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(program);

    private static int MajorOf(string directory) =>
        int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var major) ? major : 0;

    private static string? VersionOf(string directory)
    {
        var answer = PostgresTool.Run(Path.Combine(directory, "postgres"), ["--version"]);

        return answer.ExitCode == 0 && VersionInAnswer().Match(answer.Output) is { Success: true } match
            ? match.Groups[1].Value
            : null;
    }

    [GeneratedRegex(@"\(PostgreSQL\) (\d\S*)")]
    private static partial Regex VersionInAnswer();

    [GeneratedRegex(@"^\d+")]
    private static partial Regex Digits();
}

/// <summary>Runs a program to its end.</summary>
internal static class PostgresTool
{
    internal sealed record Answer(int ExitCode, string Output, string Errors);

    internal static Answer Run(string command, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C"; // so that messages can be recognized

        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();

            return new(process.ExitCode, output, errors.GetAwaiter().GetResult());
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return new(127, "", missing.Message);
        }
    }
}
