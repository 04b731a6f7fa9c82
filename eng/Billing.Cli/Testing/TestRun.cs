using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Billing.Cli.Testing;

/// <summary>Runs test projects that are built, one after another, and adds up what they came to.</summary>
internal sealed partial class TestRun(Terminal terminal, string results)
{
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
        foreach (var project in projects)
            all += await Run(project, cancellation);

        return all;
    }

    private async Task<Tally> Run(string project, CancellationToken cancellation)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        var result = Path.Combine(results, $"{name}.trx");
        var clock = Stopwatch.StartNew();
        terminal.Line($"{name} ...");

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
                OnLine = Show,
            },
            cancellation);

        var tally = Judge(Trx.Read(result), outcome);
        var how = tally.BrokeOff is null ? "" : $", BROKE OFF: {tally.BrokeOff}";
        terminal.Line($"{name}: {tally.Sum}{how} ({Terminal.Seconds(clock.Elapsed)})");
        foreach (var (reason, count) in tally.Skips)
            terminal.Line($"    {count} skipped: {reason}");

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

    private void Show(string line)
    {
        if (line.Length > 0 && !Chatter().IsMatch(line))
            terminal.Line($"    {line}");
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
