using System.Globalization;

namespace Billing.LocalTools;

/// <summary>
/// The file by which a server marks its data directory; it stays behind when the server is killed.
/// </summary>
internal static class PostmasterFile
{
    private const string Name = "postmaster.pid";

    /// <summary>The process id of the server that has this directory open now, or null.</summary>
    public static int? LivingServer(string place)
    {
        var file = Path.Combine(place, Name);
        if (!File.Exists(file)) return null;
        var first = File.ReadLines(file).FirstOrDefault();
        if (!int.TryParse(first, CultureInfo.InvariantCulture, out var process)) return null;

        return IsServerOn(process, place) ? process : null;
    }

    /// <summary>True when the server of this directory, and not another on its port, is ready.</summary>
    public static bool IsReady(string place)
    {
        try
        {
            return File.ReadLines(Path.Combine(place, Name)).LastOrDefault()?.Trim() == "ready";
        }
        catch (IOException)
        {
            return false; // not written yet
        }
    }

    /// <summary>
    /// Removes the mark of a dead server. PostgreSQL does that too, but not when the process id has been
    /// given to another program since, as after a restart of the machine.
    /// </summary>
    public static void RemoveStale(string place) => File.Delete(Path.Combine(place, Name));

    private static bool IsServerOn(int process, string place)
    {
        var about = $"/proc/{process.ToString(CultureInfo.InvariantCulture)}";
        if (!Directory.Exists("/proc/self")) return Exists(process); // not Linux: better safe than corrupt
        if (!Directory.Exists(about)) return false;

        try
        {
            if (IsZombie(about)) return false;
            // A server works in its data directory.
            if (File.ResolveLinkTarget($"{about}/cwd", returnFinalTarget: false) is { } directory)
                return SameFolder(directory.FullName, place);
        }
        catch (Exception notOurs) when (notOurs is UnauthorizedAccessException or IOException)
        {
            // Another user's process; its name has to do.
        }

        return Exists(process)
            && File.ReadAllText($"{about}/comm").StartsWith("postgres", StringComparison.Ordinal);
    }

    private static bool SameFolder(string one, string other) => Real(one) == Real(other);

    private static string Real(string path) =>
        new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;

    private static bool IsZombie(string about)
    {
        var stat = File.ReadAllText($"{about}/stat");

        return stat[(stat.LastIndexOf(')') + 1)..].TrimStart().StartsWith('Z');
    }

    private static bool Exists(int process)
    {
        try
        {
            using var found = System.Diagnostics.Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
