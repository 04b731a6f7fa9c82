using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Billing.LocalTools;

namespace Billing.Cli.Checks;

/// <summary>
/// Which package families the feed can serve with the pinned versions and all they depend on: found out by restoring
/// each for real, since a feed may list a package and lack what it needs.
/// </summary>
internal sealed partial class Feed(string checkout)
{
    /// <summary>What Confluent.Kafka needs beside itself where nothing is built from source.</summary>
    public const string NativeLibrary = "librdkafka.redist";

    private const string NoAnswer = "no answer";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Fresh = TimeSpan.FromDays(1);
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    /// <param name="Problem">Null when the family can be had.</param>
    public sealed record Answer(string Family, string Packages, string? Problem);

    public sealed record Answers(DateTimeOffset At, string Question, IReadOnlyList<Answer> Families)
    {
        /// <summary>The most that a build could take from the feed, as a value of the switch.</summary>
        public string Mode
        {
            get
            {
                var served = Families.Where(answer => answer.Problem is null).Select(answer => answer.Family).ToList();
                if (served.Count == Families.Count) return "nuget";
                if (!served.Contains("Marten"))
                    served.Remove("WolverineFx");
                served.Remove(NativeLibrary);

                return served.Count == 0 ? PackageChoice.Default.Text : string.Join('+', served);
            }
        }
    }

    private static string Remembered => Path.Combine(Cache.Root, "feed-answers.json");

    /// <summary>The answer of the last day unless <paramref name="refresh"/>.</summary>
    public async Task<Answers> Ask(bool refresh, Terminal terminal, TimeProvider time, CancellationToken cancellation)
    {
        var versions = File.ReadAllText(Path.Combine(checkout, "Directory.Packages.props"));
        var families = FamiliesOf(File.ReadAllText(Path.Combine(checkout, "stand-ins", "StandIns.targets")), versions);
        var question = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(versions + Sources())));
        if (!refresh && Recall() is { } known && known.Question == question && time.GetUtcNow() - known.At < Fresh)
            return known;

        using var workplace = Install.Workplace.Open("feed-answers", terminal, cancellation);
        if (!refresh && Recall() is { } justNow && justNow.Question == question && time.GetUtcNow() - justNow.At < Fresh)
            return justNow;

        var answers = await terminal.Step("Asking the feed for the real packages", async report =>
        {
            WriteTrial(workplace.Folder, families);
            var outcome = await Programs.Run(
                new Call(Building.Dotnet, "restore", "Trial.slnx", "--disable-build-servers", "-v", "minimal", "-tl:off")
                {
                    Folder = workplace.Folder,
                    Timeout = Patience,
                    OnLine = _ => report("restoring a project per family"),
                },
                cancellation);

            return new Answers(
                time.GetUtcNow(),
                question,
                [.. families.Select(family => Read(workplace.Folder, family.Key, family.Value, outcome))]);
        });
        if (answers.Families.Any(answer => answer.Problem?.StartsWith(NoAnswer, StringComparison.Ordinal) == true))
            return answers; // worth asking again next time

        var made = Path.Combine(workplace.Folder, "answers.json");
        await File.WriteAllTextAsync(made, JsonSerializer.Serialize(answers, Readable), cancellation);
        Install.Workplace.PutFile(made, Remembered);

        return answers;
    }

    /// <summary>Family to package ids, as the switch lists them, and the one that only its absence needs.</summary>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> FamiliesOf(string targets, string versions)
    {
        var pinned = XDocument.Parse(versions).Descendants("PackageVersion")
            .Select(package => package.Attribute("Include")!.Value).ToHashSet();
        var families = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var standIn in XDocument.Parse(targets).Descendants("_StandIn"))
            if (FamilyInCondition().Match(standIn.Attribute("Condition")?.Value ?? "") is { Success: true } family)
                families[family.Groups[1].Value] =
                    [.. standIn.Attribute("Include")!.Value.Split(';').Where(pinned.Contains)];
        families[NativeLibrary] = ["Confluent.Kafka"];

        return families;
    }

    /// <summary>Where packages come from may change while their versions do not.</summary>
    private string Sources()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] files =
        [
            Path.Combine(checkout, "nuget.config"), Path.Combine(checkout, "NuGet.config"),
            Path.Combine(home, ".nuget", "NuGet", "NuGet.Config"),
        ];

        return string.Concat(files.Where(File.Exists).Select(File.ReadAllText));
    }

    private void WriteTrial(string folder, IReadOnlyDictionary<string, IReadOnlyList<string>> families)
    {
        Write("Directory.Build.props", "<Project />");
        Write("Directory.Build.targets", "<Project />");
        Write("Directory.Packages.props", $"""<Project><Import Project="{checkout}/Directory.Packages.props" /></Project>""");
        if (Directory.EnumerateFiles(checkout).FirstOrDefault(IsNugetConfig) is { } config)
            File.Copy(config, Path.Combine(folder, "nuget.config"));
        Write(
            "Trial.slnx",
            $"<Solution>{string.Concat(families.Keys.Select(name => $"""<Project Path="{name}/{name}-trial.csproj" />"""))}</Solution>");
        foreach (var (family, packages) in families)
            Write(
                Path.Combine(family, $"{family}-trial.csproj"),
                $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework>
                    <NuGetAudit>false</NuGetAudit>
                  </PropertyGroup>
                  <ItemGroup>
                    <FrameworkReference Include="Microsoft.AspNetCore.App" />
                    {string.Concat(packages.Select(id => $"""<PackageReference Include="{id}" />"""))}
                    {string.Concat(ToolsOf(family).Select(id => $"""<PackageDownload Include="{id}" Version="[{AspireVersion()}]" />"""))}
                  </ItemGroup>
                </Project>
                """);

        void Write(string name, string text)
        {
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        static bool IsNugetConfig(string file) =>
            string.Equals(Path.GetFileName(file), "nuget.config", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Aspire's AppHost SDK brings its dashboard and its orchestrator as packages for the machine at hand.</summary>
    private static IEnumerable<string> ToolsOf(string family)
    {
        if (family != "Aspire.Hosting") return [];

        var machine = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier;

        return ["Aspire.AppHost.Sdk", $"Aspire.Dashboard.Sdk.{machine}", $"Aspire.Hosting.Orchestration.{machine}"];
    }

    private string AspireVersion()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(checkout, "global.json")));

        return json.RootElement.GetProperty("msbuild-sdks").GetProperty("Aspire.AppHost.Sdk").GetString()!;
    }

    private static Answer Read(string folder, string family, IReadOnlyList<string> packages, Outcome outcome)
    {
        var names = string.Join(", ", packages);
        var assets = Path.Combine(folder, family, "obj", "project.assets.json");
        if (!File.Exists(assets))
            return new Answer(family, names, $"{NoAnswer}: {(outcome.TimedOut ? "too slow" : outcome.Tail())}");

        using var json = JsonDocument.Parse(File.ReadAllText(assets));
        if (!json.RootElement.TryGetProperty("logs", out var logs)) return new Answer(family, names, Problem: null);

        // NU1603 is the feed giving another version than the one that was asked for.
        var problems = logs.EnumerateArray()
            .Where(log => log.GetProperty("level").GetString() == "Error" || Code(log) == "NU1603")
            .Select(log => $"{Code(log)} {Short(log.GetProperty("message").GetString()!)}")
            .Distinct().Order(StringComparer.Ordinal).ToList();

        if (problems.Find(problem => problem.StartsWith("NU1301", StringComparison.Ordinal)) is { } silent)
            return new Answer(family, names, $"{NoAnswer}: {silent}");

        return new Answer(family, names, problems.Count == 0 ? null : string.Join(" ", problems.Take(2)));

        static string Code(JsonElement log) => log.GetProperty("code").GetString()!;

        // The first sentence names the package; the rest lists sources and versions.
        static string Short(string message) =>
            message.Split('\n')[0].Split(". ")[0].TrimEnd('.').ToString(CultureInfo.InvariantCulture) + ".";
    }

    private static Answers? Recall()
    {
        try
        {
            return File.Exists(Remembered)
                ? JsonSerializer.Deserialize<Answers>(File.ReadAllText(Remembered))
                : null;
        }
        catch (JsonException)
        {
            return null; // of an older tool
        }
    }

    [GeneratedRegex(@"Contains\('\+([^+]+)\+'\)")]
    private static partial Regex FamilyInCondition();
}
