namespace Aspire.Hosting.Dashboard;

/// <summary>The newest structured logs of all services.</summary>
internal sealed class LogBuffer(TelemetryLimits limits)
{
    public const int Error = 17;

    private readonly Lock _lock = new();
    private readonly Ring<LogEntry> _logs = new(limits.Logs, limits.LogBytes, entry => entry.Bytes);
    private readonly Dictionary<string, (int Errors, LogEntry Last)> _errors = new(StringComparer.Ordinal);
    private long _number;

    public long Changes => Interlocked.Read(ref _number);

    public (int Kept, long Forgotten, long Bytes) Size
    {
        get { lock (_lock) return (_logs.Count, _logs.Forgotten, _logs.Bytes); }
    }

    public void Add(IReadOnlyList<LogEntry> entries)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
            {
                var numbered = entry with { Number = Interlocked.Increment(ref _number) };
                if (numbered.Severity >= Error) Count(numbered);
                _logs.Add(numbered, Forget);
            }
        }
    }

    /// <summary>How many errors are kept of each service, and the newest of them.</summary>
    public IReadOnlyDictionary<string, (int Errors, LogEntry Last)> Errors()
    {
        lock (_lock) return new Dictionary<string, (int, LogEntry)>(_errors, StringComparer.Ordinal);
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<LogEntry> Find(LogQuery query)
    {
        LogEntry[] all;
        lock (_lock) all = [.. _logs.OldestFirst];
        Array.Reverse(all);
        return [.. all.Where(query.Matches).Take(query.Limit)];
    }

    private void Count(LogEntry entry)
    {
        var errors = _errors.TryGetValue(entry.Sender.Service, out var known) ? known.Errors : 0;
        _errors[entry.Sender.Service] = (errors + 1, entry);
    }

    private void Forget(LogEntry entry)
    {
        if (entry.Severity < Error || !_errors.TryGetValue(entry.Sender.Service, out var known)) return;
        if (known.Errors == 1) _errors.Remove(entry.Sender.Service);
        else _errors[entry.Sender.Service] = known with { Errors = known.Errors - 1 };
    }
}

/// <param name="After">Only numbers above; with it a page fetches what is new.</param>
/// <param name="Before">Only numbers below; with it a page fetches what is older.</param>
internal sealed record LogQuery(
    string? Service, int MinimumSeverity, string? Text, UInt128? TraceId, ulong? SpanId, long After, long Before, int Limit)
{
    public bool Matches(LogEntry entry) =>
        entry.Number > After && entry.Number < Before
        && entry.Severity >= MinimumSeverity
        && (string.IsNullOrEmpty(Service) || entry.Sender.Service == Service)
        && (TraceId is null || entry.TraceId == TraceId)
        && (SpanId is null || entry.SpanId == SpanId)
        && (string.IsNullOrEmpty(Text) || Contains(entry, Text));

    private static bool Contains(LogEntry entry, string text) =>
        entry.Message.Contains(text, StringComparison.OrdinalIgnoreCase)
        || entry.Scope.Contains(text, StringComparison.OrdinalIgnoreCase)
        || entry.Attributes.Any(one => one.Value.Contains(text, StringComparison.OrdinalIgnoreCase));
}
