namespace Billing.Architecture.Tests;

/// <summary>
/// The only exceptions to the rules of this project, each with its reason. One that is not needed any more fails
/// the test of its rule, so the list cannot grow old.
/// </summary>
internal static class Excused
{
    private const string Switch = "Tests the command that chooses how packages are supplied.";

    public static IReadOnlyList<Excuse> All { get; } =
    [
        new("supply", "tests/Billing.Cli.Tests/PackageChoiceTests.cs", Switch),
        new("supply", "tests/Billing.Cli.Tests/PackageSwitchTests.cs", Switch),
        new("supply", "tests/Billing.Cli.Tests/LocalToolsTests.cs", Switch),
    ];

    /// <summary>Fails with every finding that has no excuse, and every excuse that has no finding.</summary>
    public static void ShouldHold(string rule, IEnumerable<Finding> findings) => ShouldHold(rule, findings, All);

    public static void ShouldHold(string rule, IEnumerable<Finding> findings, IReadOnlyList<Excuse> all)
    {
        var found = findings.ToList();
        var excuses = all.Where(excuse => excuse.Rule == rule).ToList();

        found.Where(finding => excuses.All(excuse => excuse.Path != finding.Path)).Select(finding => finding.ToString())
            .ShouldBeEmpty();
        excuses.Where(excuse => found.All(finding => finding.Path != excuse.Path)).Select(excuse => excuse.ToString())
            .ShouldBeEmpty("These exceptions are not needed any more.");
    }
}

internal sealed record Excuse(string Rule, string Path, string Reason);
