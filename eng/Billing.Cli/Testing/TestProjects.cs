namespace Billing.Cli.Testing;

/// <summary>Which test projects there are to run.</summary>
internal static class TestProjects
{
    private const string OfStandIns = "StandIns.Tests";

    /// <summary>All project files under tests/ whose names end in Tests, in order of name.</summary>
    public static IReadOnlyList<string> In(string checkout, PackageChoice packages) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(checkout, "tests"), "*.Tests.csproj", SearchOption.AllDirectories)
            // Where everything comes from the feed, no stand-in is compiled and there is nothing to test.
            .Where(project => !packages.IsNuget || Path.GetFileNameWithoutExtension(project) != OfStandIns)
            .Order(StringComparer.Ordinal),
    ];
}
