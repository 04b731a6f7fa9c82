namespace Aspire.Hosting.Dashboard;

/// <summary>The newest traces, each with at most so many spans.</summary>
internal sealed class TraceBuffer(TelemetryLimits limits)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, Trace> _byId = [];
    private readonly Ring<Trace> _traces = new(limits.Traces, limits.TraceBytes, trace => trace.Bytes);
    private long _changes;
    private long _spansDropped;

    public long Changes => Interlocked.Read(ref _changes);

    public (int Kept, long Forgotten, long SpansDropped, long Bytes) Size
    {
        get { lock (_lock) return (_byId.Count, _traces.Forgotten, _spansDropped, _traces.Bytes); }
    }

    public void Add(IReadOnlyList<SpanEntry> spans)
    {
        lock (_lock)
        {
            foreach (var span in spans) Add(span);
            Interlocked.Add(ref _changes, spans.Count);
        }
    }

    public IReadOnlyList<SpanEntry>? Find(UInt128 id, out int dropped)
    {
        lock (_lock)
        {
            dropped = 0;
            if (!_byId.TryGetValue(id, out var trace)) return null;

            dropped = trace.Dropped;
            return [.. trace.Spans.Values.OrderBy(span => span.Start).ThenBy(span => span.SpanId)];
        }
    }

    /// <summary>Newest start first.</summary>
    public IReadOnlyList<TraceSummary> Find(TraceQuery query)
    {
        lock (_lock)
        {
            return
            [
                .. _byId.Values
                    .Where(trace => query.Matches(trace.Summary, trace.Spans.Values))
                    .Select(trace => trace.Summary)
                    .OrderByDescending(trace => trace.Start)
                    .Take(query.Limit),
            ];
        }
    }

    private void Add(SpanEntry span)
    {
        var known = _byId.TryGetValue(span.TraceId, out var trace);

        // An exporter that retries sends the same span twice: that one is no news.
        var full = known && trace!.Spans.Count >= limits.SpansPerTrace && !trace.Spans.ContainsKey(span.SpanId);
        if (full || (trace?.Bytes ?? 0) + span.Bytes > limits.TraceBytes / 8)
        {
            trace?.Drop();
            _spansDropped++;
            return;
        }

        if (!known)
        {
            _byId[span.TraceId] = trace = new(span.TraceId);
            trace.Put(span);
            _traces.Add(trace, forgotten => _byId.Remove(forgotten.Id));
            return;
        }

        _traces.Grow(trace!.Put(span), forgotten => _byId.Remove(forgotten.Id));
    }

    private sealed class Trace(UInt128 id)
    {
        private TraceSummary? _summary;

        public UInt128 Id => id;

        public Dictionary<ulong, SpanEntry> Spans { get; } = [];

        public int Dropped { get; private set; }

        public long Bytes { get; private set; }

        public TraceSummary Summary => _summary ??= TraceSummary.Of(id, Spans.Values, Dropped);

        public void Drop()
        {
            Dropped++;
            _summary = null;
        }

        public long Put(SpanEntry span)
        {
            var more = span.Bytes - (Spans.TryGetValue(span.SpanId, out var before) ? before.Bytes : 0);
            Spans[span.SpanId] = span;
            Bytes += more;
            _summary = null;
            return more;
        }
    }
}

internal sealed record ServiceShare(string Service, int Spans, int Errors);

internal sealed record TraceSummary(
    UInt128 Id, string Name, string Service, long Start, long End, int Spans, int Errors, int Dropped, ServiceShare[] Services)
{
    public static TraceSummary Of(UInt128 id, IReadOnlyCollection<SpanEntry> spans, int dropped)
    {
        // The root may not have arrived yet, or never will: then the earliest span stands in for it.
        var root = spans.OrderBy(span => span.ParentId == 0 ? 0 : 1).ThenBy(span => span.Start).First();
        var services = spans.GroupBy(span => span.Sender.Service)
            .OrderBy(group => group.Min(span => span.Start))
            .Select(group => new ServiceShare(group.Key, group.Count(), group.Count(span => span.Status == 2)));
        return new(
            id, root.Name, root.Sender.Service, spans.Min(span => span.Start), spans.Max(span => span.End),
            spans.Count, spans.Count(span => span.Status == 2), dropped, [.. services]);
    }
}

internal sealed record TraceQuery(string? Service, string? Text, bool ErrorsOnly, long MinimumNanoseconds, int Limit)
{
    public bool Matches(TraceSummary trace, IEnumerable<SpanEntry> spans) =>
        (!ErrorsOnly || trace.Errors > 0)
        && trace.End - trace.Start >= MinimumNanoseconds
        && (string.IsNullOrEmpty(Service) || trace.Services.Any(share => share.Service == Service))
        && (string.IsNullOrEmpty(Text) || Contains(trace, spans, Text));

    private static bool Contains(TraceSummary trace, IEnumerable<SpanEntry> spans, string text) =>
        trace.Id.ToString("x32", null).StartsWith(text, StringComparison.OrdinalIgnoreCase)
        || spans.Any(span => span.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
            || span.Attributes.Any(one => one.Value.Contains(text, StringComparison.OrdinalIgnoreCase)));
}
