namespace Billing.Cli.Testing;

/// <summary>Which test projects there are to run.</summary>
internal static class TestProjects
{
    private const string OfStandIns = "StandIns.Tests";

    // The product's story, and not the tests of some part of it.
    private const string Stories = "Stories";

    /// <summary>All project files under tests/ whose names end in Tests, and the stories, in order of name.</summary>
    public static IReadOnlyList<string> In(string checkout, PackageChoice packages) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(checkout, "tests"), "*.csproj", SearchOption.AllDirectories)
            .Where(project => Path.GetFileNameWithoutExtension(project) is var name
                && (name == Stories || name.EndsWith(".Tests", StringComparison.Ordinal)))
            // Where everything comes from the feed, no stand-in is compiled and there is nothing to test.
            .Where(project => !packages.IsNuget || Path.GetFileNameWithoutExtension(project) != OfStandIns)
            .Order(StringComparer.Ordinal),
    ];
}
