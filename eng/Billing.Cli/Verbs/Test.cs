using System.CommandLine;
using System.Diagnostics;
using Billing.Cli.Install;
using Billing.Cli.Testing;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Builds everything, runs every test, and says how many passed in its last line.</summary>
internal static class Test
{
    private const string Postgres = "BILLING_TEST_POSTGRES";

    private sealed record Wishes(bool Full, bool Format, string? Filter, IReadOnlyList<string> Projects);

    public static Command Create()
    {
        var full = new Option<bool>("--full")
        {
            Description = "Runs at the sizes that the issues name, which takes long; otherwise at sizes for every day.",
        };
        var format = new Option<bool>("--format")
        {
            Description = "Checks first that dotnet format would change nothing.",
        };
        var filter = new Option<string?>("--filter")
        {
            Description = "Only tests that match, in the language of dotnet test.",
            HelpName = "expression",
        };
        var projects = new Argument<string[]>("project")
        {
            Description = "Only test projects whose names contain one of these.",
            Arity = ArgumentArity.ZeroOrMore,
        };

        var verb = new Verb(
            "test",
            "Builds everything and runs every test. The last line is the sum.",
            "./billing test",
            "./billing test contracts architecture            two projects",
            "./billing test --filter Name~money               tests with money in their name",
            "KAFKA_HOME=/opt/kafka ./billing test             on the real broker, too",
            "./billing test --full")
        {
            full, format, filter, projects,
        };
        verb.SetAction((parsed, cancellation) => Run(
            new Wishes(
                parsed.GetValue(full),
                parsed.GetValue(format),
                parsed.GetValue(filter),
                parsed.GetValue(projects) ?? []),
            Terminal.Output,
            cancellation));

        return verb;
    }

    private static async Task<int> Run(Wishes wishes, Terminal terminal, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var root = Checkout.Root;
        var packages = PackageChoice.Current(root, out _);
        var projects = Choose(TestProjects.In(root, packages), wishes.Projects);

        await Prerequisites.ToBuild(terminal, packages, cancellation);
        await Prerequisites.ToRunPostgres(terminal, cancellation);
        await Chromium.Try(terminal, cancellation);

        var building = new Building(root, packages);
        if (wishes.Projects.Count == 0)
            await building.Solution(terminal, cancellation);
        foreach (var chosen in wishes.Projects.Count == 0 ? [] : projects)
            await building.Project(terminal, chosen, cancellation);

        var results = Results(root);
        await using var server = await Server(terminal, cancellation);
        var run = new TestRun(terminal, results.FullName)
        {
            Full = wishes.Full,
            Filter = wishes.Filter,
            Environment = new Dictionary<string, string?>
            {
                [Postgres] = server?.ConnectionString ?? Environment.GetEnvironmentVariable(Postgres),
                ["BILLING_TEST_FULL"] = wishes.Full ? "1" : null,
                // Most processes of tests live for seconds, in which better code costs more than it brings.
                ["DOTNET_TieredPGO"] = Environment.GetEnvironmentVariable("DOTNET_TieredPGO") ?? "0",
                ["DOTNET_TC_QuickJit"] = Environment.GetEnvironmentVariable("DOTNET_TC_QuickJit") ?? "1",
            },
        };
        // Beside the tests, which mostly wait.
        var isFormatted = wishes.Format ? IsFormatted(root, terminal, cancellation) : Task.FromResult(true);
        var sum = await run.Run(projects, cancellation);
        if (!await isFormatted)
            sum += Tally.Broken("dotnet format would change something");

        var nothing = sum is { Passed: 0, Failed: 0 };
        terminal.Line(nothing
            ? "No test was executed, which counts as a failure."
            : $"{projects.Count} projects in {Terminal.Seconds(clock.Elapsed)}; results in {results.FullName}");
        terminal.Line(sum.Sum);

        return sum.Failed == 0 && !nothing ? 0 : 1;
    }

    /// <summary>A folder for this run; those of the last few stay, to compare with.</summary>
    private static DirectoryInfo Results(string root)
    {
        const int Kept = 5;
        var all = Directory.CreateDirectory(Path.Combine(root, "TestResults"));
        foreach (var old in all.GetDirectories().OrderByDescending(run => run.CreationTimeUtc).Skip(Kept))
            old.Delete(recursive: true);

        return all.CreateSubdirectory($"{DateTime.UtcNow:yyyyMMdd-HHmmss}-{Environment.ProcessId}");
    }

    private static List<string> Choose(IReadOnlyList<string> all, IReadOnlyList<string> wanted)
    {
        var unknown = wanted.FirstOrDefault(part => !all.Any(project => Matches(project, part)));
        if (unknown is not null)
            throw new CannotGoOn(
                $"no test project has '{unknown}' in its name: there are "
                + $"{string.Join(", ", all.Select(Path.GetFileNameWithoutExtension))}.");

        return [.. all.Where(project => wanted.Count == 0 || wanted.Any(part => Matches(project, part)))];

        static bool Matches(string project, string part) =>
            Path.GetFileNameWithoutExtension(project).Contains(part, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>One server for all test processes, unless one is given: starting one for each takes seconds.</summary>
    private static async Task<RunningPostgres?> Server(Terminal terminal, CancellationToken cancellation)
    {
        if (Environment.GetEnvironmentVariable(Postgres) is { Length: > 0 }) return null;

        var binaries = PostgresBinaries.Find(out var why) ?? throw new CannotGoOn(why);

        return await terminal.Step(
            $"Starting PostgreSQL {binaries.Version} for the tests",
            _ => LocalPostgres.Throwaway(binaries, cancellation));
    }

    private static async Task<bool> IsFormatted(string root, Terminal terminal, CancellationToken cancellation)
    {
        var outcome = await terminal.Step(
            "Checking the format",
            _ => Programs.Run(
                // Without a workspace: what has to be compiled to be judged, the build judges.
                new Call(Building.Dotnet, "format", "whitespace", ".", "--folder", "--verify-no-changes")
                {
                    Folder = root,
                },
                cancellation));
        if (outcome.Succeeded) return true;

        foreach (var line in outcome.Output.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal)).Take(20))
            terminal.Line($"    {line.Replace(root + "/", "", StringComparison.Ordinal)}");
        terminal.Line("Not formatted as .editorconfig says: run dotnet format Billing.sln");

        return false;
    }
}
