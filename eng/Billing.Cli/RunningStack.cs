using System.Globalization;
using System.Text.Json;
using Billing.LocalTools;

namespace Billing.Cli;

/// <summary>
/// The AppHost that runs on a data folder, if one does: it holds a lock there, and says in running.json who it is once
/// everything is up.
/// </summary>
internal static class RunningStack
{
    private const string LockName = "stack.lock";
    private const string NoteName = "running.json";

    /// <summary>Who runs on the folder, for people ("process 4711"), or null when nobody does.</summary>
    public static string? On(string data)
    {
        var path = Path.Combine(data, LockName);
        if (!File.Exists(path)) return null;

        using var free = FileLock.Try(path);

        return free is null ? Who(Path.Combine(data, NoteName)) : null;
    }

    /// <summary>Where a service of the running stack answers.</summary>
    /// <exception cref="CannotGoOn">Nothing runs on the folder, or it has no such service.</exception>
    public static Uri AddressOf(string service, string data)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, NoteName)));
            var services = json.RootElement.GetProperty("services");
            if (!services.TryGetProperty(service, out var urls))
                throw new CannotGoOn(
                    $"there is no service '{service}': choose of "
                    + $"{string.Join(", ", services.EnumerateObject().Select(one => one.Name))}.");

            return new(urls.EnumerateObject().First().Value.GetString()!);
        }
        catch (Exception none) when (none is IOException or JsonException or KeyNotFoundException)
        {
            throw new CannotGoOn($"no stack is up on {data}: start one with ./billing up.");
        }
    }

    /// <summary>Keeps a stack from starting on the folder until it is disposed.</summary>
    /// <exception cref="CannotGoOn">One runs on it.</exception>
    public static FileLock KeepOut(string data) => FileLock.Try(Path.Combine(data, LockName))
        ?? throw new CannotGoOn(
            $"a stack is running on {data} ({Who(Path.Combine(data, NoteName))}): stop it first (Ctrl-C where it runs).");

    /// <summary>Whether a path in the data folder is the lock, which must stay the same file for all.</summary>
    public static bool IsLock(string path) => Path.GetFileName(path) == LockName;

    private static string Who(string note)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(note));
            var process = json.RootElement.GetProperty("pid").GetInt32();

            return string.Create(CultureInfo.InvariantCulture, $"process {process}");
        }
        catch (Exception none) when (none is IOException or JsonException or KeyNotFoundException)
        {
            return "it is just starting or stopping";
        }
    }
}
