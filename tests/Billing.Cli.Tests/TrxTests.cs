using Billing.Cli.Testing;

namespace Billing.Cli.Tests;

public sealed class TrxTests
{
    [Test]
    public void each_outcome_is_counted_and_reasons_for_skipping_are_gathered()
    {
        var tally = Read(
            Result("Passed"), Result("Passed"), Result("Failed"), Result("Timeout"),
            Result("NotExecuted", "KAFKA_HOME is not set"), Result("NotExecuted", "KAFKA_HOME is not set"),
            Result("NotExecuted", "no browser\nmore about it"), Result("Inconclusive"));

        tally.Sum.ShouldBe("2 passed, 2 failed, 4 skipped");
        tally.BrokeOff.ShouldBeNull();
        tally.Skips.ShouldBe(new Dictionary<string, int>
        {
            ["KAFKA_HOME is not set"] = 2,
            ["no browser"] = 1,
            ["no reason given"] = 1,
        });
    }

    [Test]
    public void skipped_tests_are_named_in_the_sum_only_if_there_are_any() =>
        Read(Result("Passed")).Sum.ShouldBe("1 passed, 0 failed");

    [Test]
    public void a_run_that_broke_off_counts_as_a_failure_in_the_sum()
    {
        var broken = ReadAs("Aborted", Result("Passed"));
        broken.BrokeOff.ShouldNotBeNull();

        (Tally.Nothing + broken + Read(Result("Passed"))).Sum.ShouldBe("2 passed, 1 failed");
    }

    [Test]
    public void a_test_host_that_crashed_is_seen_in_what_it_left_behind()
    {
        const string Crash = """
            <RunInfos><RunInfo outcome="Error"><Text>The active test run was aborted. Reason: Test host process crashed</Text>
            </RunInfo></RunInfos>
            """;

        ReadAs("Failed", Result("Passed"), Crash).BrokeOff.ShouldNotBeNull().ShouldContain("Test host process crashed");
    }

    [Test]
    public void warnings_beside_failed_tests_are_no_crash() =>
        ReadAs("Failed", Result("Failed"), "<RunInfos><RunInfo outcome=\"Warning\"><Text>aborted?</Text></RunInfo></RunInfos>")
            .BrokeOff.ShouldBeNull();

    [Test]
    public void missing_or_cut_results_are_no_results()
    {
        Trx.Read("/nowhere/at.trx").BrokeOff.ShouldBe("it wrote no results");
        ReadText("<TestRun xmlns=\"http://microsoft.com/").BrokeOff.ShouldNotBeNull().ShouldContain("cut short");
    }

    private static Tally Read(params string[] results) => ReadAs("Completed", results);

    private static Tally ReadAs(string outcome, params string[] parts)
    {
        var results = string.Concat(parts.Where(part => part.StartsWith("<Unit", StringComparison.Ordinal)));
        var infos = string.Concat(parts.Where(part => part.StartsWith("<Run", StringComparison.Ordinal)));

        return ReadText(
            $"""
            <?xml version="1.0" encoding="utf-8"?>
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
              <Results>{results}</Results>
              <ResultSummary outcome="{outcome}"><Counters total="99" />{infos}</ResultSummary>
            </TestRun>
            """);
    }

    private static Tally ReadText(string text)
    {
        using var folder = new Folder();
        var file = folder.Write("results.trx", text);

        return Trx.Read(file);
    }

    private static string Result(string outcome, string? message = null) =>
        $"""
        <UnitTestResult testName="t" outcome="{outcome}"><Output><ErrorInfo><Message>{message}</Message></ErrorInfo></Output></UnitTestResult>
        """;
}
