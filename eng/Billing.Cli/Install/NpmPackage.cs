namespace Billing.Cli.Install;

/// <summary>Fetches a package's archive with npm, without running anything that it brings.</summary>
internal static class NpmPackage
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static string? Npm => Programs.Find("npm");

    /// <summary>The archive's path in <paramref name="folder"/>.</summary>
    public static async Task<string> Fetch(string package, string version, string folder, CancellationToken cancellation)
    {
        var npm = Npm ?? throw new CannotGoOn(
            $"npm is needed to fetch {package}: install Node.js with npm (Debian: apt-get install nodejs npm).");
        string[] arguments = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder, $"{package}@{version}"];
        var outcome = await Programs.Run(
            new Call(npm, arguments) { Folder = folder, Timeout = Patience },
            cancellation);

        if (outcome.TimedOut)
            throw new CannotGoOn($"npm did not fetch {package}@{version} within {Terminal.Seconds(Patience)}.");
        if (!outcome.Succeeded)
            throw new CannotGoOn(
                $"npm cannot fetch {package}@{version} (no network, or its registry lacks it): {outcome.Tail(2)}");

        return Directory.EnumerateFiles(folder, "*.tgz").Single();
    }
}
