using System.Globalization;

namespace Billing.Bench;

/// <summary>
/// What processes and everything below them have used, from /proc. Looking at all of them is most of the cost,
/// and what is measured has the same processors.
/// </summary>
internal sealed class ProcessTree
{
    private const long TicksPerSecond = 100; // USER_HZ, the same on every Linux of today

    private readonly Dictionary<int, Entry> _all = [];

    /// <summary>As they are now.</summary>
    public ProcessTree()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id)
                && Read(id, $"{folder}/stat") is { } entry)
                _all[id] = entry;
    }

    /// <summary>Processor time, of those that have ended as well.</summary>
    public static TimeSpan Processor(int root) => new ProcessTree().ProcessorOf(root);

    /// <summary>Resident memory, pages that are shared counted for each.</summary>
    public static long ResidentBytes(int root) => new ProcessTree().ResidentBytesOf(root);

    public TimeSpan ProcessorOf(int root) => TimeSpan.FromMilliseconds(
        Below(root).Sum(process => process.Ticks) * 1000 / TicksPerSecond);

    public long ResidentBytesOf(int root) =>
        Below(root).Sum(process => process.Pages) * Environment.SystemPageSize;

    /// <summary>Of the root as well.</summary>
    public IEnumerable<int> IdsBelow(int root) => Below(root).Select(process => process.Id);

    private List<Entry> Below(int root)
    {
        var below = new List<Entry>();
        foreach (var entry in _all.Values)
            for (var (id, depth) = (entry.Id, 0);
                depth < 20 && _all.TryGetValue(id, out var at);
                id = at.Parent, depth++)
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
