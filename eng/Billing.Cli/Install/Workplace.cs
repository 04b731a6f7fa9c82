using Billing.LocalTools;

namespace Billing.Cli.Install;

/// <summary>
/// Where something is made that ends up in the cache: one at a time per machine user, in a temporary folder, moved to
/// its place complete.
/// </summary>
internal sealed class Workplace : IDisposable
{
    private readonly FileLock alone;

    private Workplace(FileLock alone, string folder) => (this.alone, Folder) = (alone, folder);

    /// <summary>Empty, and removed at the end.</summary>
    public string Folder { get; }

    public static string Log(string name) => Path.Combine(Cache.Root, "logs", $"{name}.log");

    /// <summary>Waits its turn.</summary>
    public static Workplace Open(string name, Terminal terminal, CancellationToken cancellation)
    {
        try
        {
            var alone = FileLock.Take(
                Path.Combine(Cache.Root, "locks", name),
                () => terminal.Line($"Another ./billing is busy with {name}; waiting for it ..."),
                cancellation);

            // Compilers and their makefiles do not get along with spaces in a path.
            var temporary = Path.GetTempPath().Contains(' ', StringComparison.Ordinal)
                ? Directory.CreateDirectory($"/tmp/billing-{name}-{Guid.NewGuid():N}")
                : Directory.CreateTempSubdirectory($"billing-{name}-");

            return new Workplace(alone, temporary.FullName);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new CannotGoOn($"the cache {Cache.Root} cannot be written ({refused.Message}): set BILLING_CACHE.");
        }
    }

    /// <summary>Copies next to the destination first, because a rename is whole only within one file system.</summary>
    public static void PutFile(string made, string destination)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        var beside = $"{destination}.{Environment.ProcessId}";
        File.Copy(made, beside, overwrite: true);
        File.Move(beside, destination, overwrite: true);
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        alone.Dispose();
    }
}
