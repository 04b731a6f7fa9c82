using System.Collections.Concurrent;
using Aspire.Hosting.Dashboard;

namespace Billing.StandIns.Tests.Dashboard;

/// <summary>An application model without processes: what is set is what the dashboard sees.</summary>
internal sealed class FakeResources : IResourceSource
{
    private readonly Dictionary<string, List<ConsoleLine>> _lines = [];
    private volatile IReadOnlyList<ResourceView> _resources = [];
    private long _version;

    public ConcurrentQueue<(string Resource, string Command)> Executed { get; } = [];

    public Exception? Failure { get; set; }

    public IReadOnlyList<ResourceView> Resources => _resources;

    public long Version => Interlocked.Read(ref _version);

    public void Set(params ResourceView[] resources)
    {
        _resources = resources;
        Interlocked.Increment(ref _version);
    }

    public void Write(string resource, string text, bool isError = false)
    {
        lock (_lines)
        {
            if (!_lines.TryGetValue(resource, out var lines)) _lines[resource] = lines = [];
            lines.Add(new(lines.Count + 1, DateTimeOffset.UnixEpoch.AddDays(20_000), isError, text));
        }
    }

    public Task WaitForChange(long seenVersion, CancellationToken cancellation) =>
        Task.Delay(Timeout.Infinite, cancellation);

    public IReadOnlyList<ConsoleLine> ConsoleLines(string resource, long after, int atMost)
    {
        lock (_lines)
        {
            return _lines.TryGetValue(resource, out var lines)
                ? [.. lines.Where(line => line.Number > after).Take(atMost)]
                : [];
        }
    }

    public Task Execute(string resource, string command, CancellationToken cancellation)
    {
        if (Failure is { } failure) throw failure;

        Executed.Enqueue((resource, command));
        return Task.CompletedTask;
    }

    public static ResourceView Service(string name, string state = "Running", string health = "Healthy") => new(
        name, "Project", state, health, null, [new("http", "http://localhost:5100")], [], 4711,
        DateTimeOffset.UnixEpoch.AddDays(20_000), 0, null, $"dotnet {name}.dll", ["postgres"], ["stop", "restart"]);
}
