using System.Globalization;

namespace Billing.Bench;

/// <summary>What a process and everything below it has used, from /proc.</summary>
internal static class ProcessTree
{
    private const long TicksPerSecond = 100; // USER_HZ, the same on every Linux of today

    /// <summary>Processor time, of those that have ended as well.</summary>
    public static TimeSpan Processor(int root) => TimeSpan.FromMilliseconds(
        Below(root).Sum(process => process.Ticks) * 1000 / TicksPerSecond);

    /// <summary>Resident memory, pages that are shared counted for each.</summary>
    public static long ResidentBytes(int root) =>
        Below(root).Sum(process => process.Pages) * Environment.SystemPageSize;

    private static List<Entry> Below(int root)
    {
        var all = new Dictionary<int, Entry>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id)
                && Read(id, $"{folder}/stat") is { } entry)
                all[id] = entry;

        var below = new List<Entry>();
        foreach (var entry in all.Values)
            for (var (id, depth) = (entry.Id, 0); depth < 20 && all.TryGetValue(id, out var at); id = at.Parent, depth++)
                if (id == root)
                {
                    below.Add(entry);
                    break;
                }

        return below;
    }

    private static Entry? Read(int id, string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            // The name in brackets may hold anything, so everything is counted from its end.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new(id, Number(1), Number(11) + Number(12) + Number(13) + Number(14), Number(21));

            int Number(int place) => (int)Math.Min(
                int.MaxValue, long.Parse(fields[place], CultureInfo.InvariantCulture));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended meanwhile
        }
    }

    private sealed record Entry(int Id, int Parent, long Ticks, long Pages);
}
