using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Billing.Cli.Testing;

/// <summary>
/// Runs test projects that are built, two at a time, and adds up what they came to. Most tests wait for a broker, a
/// server or a process, so two cores carry two projects; what a project says is printed in one piece at its end.
/// </summary>
internal sealed partial class TestRun(Terminal terminal, string results)
{
    private const int AtOnce = 2;

    // Those that take more than a minute, the longest first.
    private static readonly string[] Long =
    [
        "ServiceDefaults.Tests", "Ingestion.Tests", "Ledger.Tests", "AppHost.Tests", "StandIns.Tests", "Pricing.Tests",
        "Stories",
    ];

    public required bool Full { get; init; }

    public required string? Filter { get; init; }

    /// <summary>For the test processes, on top of this one's environment.</summary>
    public required IReadOnlyDictionary<string, string?> Environment { get; init; }

    // One test that hangs must not hold up everything; full sizes take their time.
    private TimeSpan PatiencePerTest => Full ? TimeSpan.FromMinutes(45) : TimeSpan.FromMinutes(4);

    private TimeSpan PatiencePerProject => Full ? TimeSpan.FromHours(6) : TimeSpan.FromMinutes(12);

    public async Task<Tally> Run(IEnumerable<string> projects, CancellationToken cancellation)
    {
        var all = Tally.Nothing;
        var adding = new Lock();
        await Parallel.ForEachAsync(
            LongestFirst(projects),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (project, stopping) =>
            {
                var tally = await Run(project, stopping);
                lock (adding) all += tally;
            });

        return all;
    }

    /// <summary>So that the last one to end is not one that has only just begun.</summary>
    internal static IEnumerable<string> LongestFirst(IEnumerable<string> projects) => projects.OrderBy(project =>
        Array.IndexOf(Long, Path.GetFileNameWithoutExtension(project)) is var place and >= 0 ? place : Long.Length);

    private async Task<Tally> Run(string project, CancellationToken cancellation)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        var result = Path.Combine(results, $"{name}.trx");
        var clock = Stopwatch.StartNew();
        terminal.Line($"{name} ...");
        var said = new List<string>();

        var outcome = await Programs.Run(
            new Call(
                Building.Dotnet,
                [
                    "test", Building.OutputOf(project),
                    "--results-directory", results,
                    "--logger", $"trx;LogFileName={name}.trx",
                    "--logger", "console;verbosity=minimal",
                    "--blame-hang-timeout", $"{PatiencePerTest.TotalMinutes:0}min", "--blame-hang-dump-type", "none",
                    .. Filter is null ? Array.Empty<string>() : ["--filter", Filter],
                ])
            {
                Folder = Path.GetDirectoryName(project),
                Environment = Environment,
                Timeout = PatiencePerProject,
                OnLine = line => Keep(said, line),
            },
            cancellation);

        var tally = Judge(Trx.Read(result), outcome);
        var how = tally.BrokeOff is null ? "" : $", BROKE OFF: {tally.BrokeOff}";
        said.Add($"{name}: {tally.Sum}{how} ({Terminal.Seconds(clock.Elapsed)})");
        said.AddRange(tally.Skips.Select(skip => $"    {skip.Value} skipped: {skip.Key}"));
        terminal.Line(string.Join(System.Environment.NewLine, said));

        return tally;
    }

    private Tally Judge(Tally read, Outcome outcome)
    {
        if (outcome.TimedOut)
            return read with { BrokeOff = $"no end after {Terminal.Seconds(PatiencePerProject)}" };

        var executed = read.Passed + read.Failed + read.Skipped;
        if (executed == 0 && Filter is not null && outcome.Succeeded) return Tally.Nothing;
        if (executed == 0 && outcome.Succeeded)
            return read with { BrokeOff = $"it executed no test ({outcome.Tail()})" };

        return outcome.ExitCode != 0 && read.Failed == 0 && read.BrokeOff is null
            ? read with { BrokeOff = $"it ended with {outcome.ExitCode} ({outcome.Tail()})" }
            : read;
    }

    private static void Keep(List<string> said, string line)
    {
        if (line.Length == 0 || Chatter().IsMatch(line)) return;

        lock (said) said.Add($"    {line}");
    }

    // What every run says, and what is said better from the result file.
    [GeneratedRegex(
        @"^(Test run for |VSTest version|Starting test execution|A total of \d+ test files? matched|Results File: "
        + @"|Passed!  - |Failed!  - |Skipped! - |  Skipped |NUnit Adapter |Running (all|selected) tests|   NUnit3TestExecutor "
        // Frames of the test framework and of what carries it.
        + @"|\s*(\d+\) +)?at (NUnit|System|Shouldly|Microsoft)\.|--- End of stack trace"
        + @"|Data collector 'Blame'|Attachments:|  \S+Sequence\S*\.xml$|\s*$)")]
    private static partial Regex Chatter();
}
