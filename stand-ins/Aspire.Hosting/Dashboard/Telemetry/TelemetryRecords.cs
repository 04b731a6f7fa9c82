using System.Collections.Concurrent;

namespace Aspire.Hosting.Dashboard;

internal readonly record struct TelemetryAttribute(string Key, string Value);

/// <summary>Who sent it: one instance of one service.</summary>
internal sealed record Sender(string Service, string Instance, TelemetryAttribute[] Attributes)
{
    public static Sender Unknown { get; } = new("unknown", "", []);

    public static Sender From(List<TelemetryAttribute> attributes)
    {
        var service = Find(attributes, "service.name");
        return new(service.Length == 0 ? "unknown" : service, Find(attributes, "service.instance.id"), [.. attributes]);
    }

    private static string Find(List<TelemetryAttribute> attributes, string key)
    {
        foreach (var attribute in attributes)
            if (attribute.Key == key) return attribute.Value;
        return "";
    }
}

/// <param name="Nanoseconds">Since the Unix epoch.</param>
/// <param name="Severity">1 to 24 as in OTLP.</param>
internal sealed record LogEntry(
    long Number,
    long Nanoseconds,
    Sender Sender,
    string Scope,
    int Severity,
    string Message,
    TelemetryAttribute[] Attributes,
    UInt128 TraceId,
    ulong SpanId)
{
    public int Bytes { get; } = 160 + Message.Length * 2 + Sizes.Of(Attributes);
}

internal sealed record SpanEvent(long Nanoseconds, string Name, TelemetryAttribute[] Attributes);

internal sealed record SpanLink(UInt128 TraceId, ulong SpanId, TelemetryAttribute[] Attributes);

/// <param name="Kind">As in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.</param>
/// <param name="Status">0 unset, 1 ok, 2 error.</param>
internal sealed record SpanEntry(
    UInt128 TraceId,
    ulong SpanId,
    ulong ParentId,
    Sender Sender,
    string Scope,
    string Name,
    int Kind,
    long Start,
    long End,
    int Status,
    string StatusMessage,
    TelemetryAttribute[] Attributes,
    SpanEvent[] Events,
    SpanLink[] Links)
{
    public int Bytes { get; } = 240 + Name.Length * 2 + StatusMessage.Length * 2 + Sizes.Of(Attributes)
        + Events.Sum(one => 64 + Sizes.Of(one.Attributes)) + Links.Sum(one => 64 + Sizes.Of(one.Attributes));
}

internal static class Sizes
{
    /// <summary>Roughly what they hold on the heap. Counted as if no text were shared.</summary>
    public static int Of(TelemetryAttribute[] attributes) =>
        attributes.Sum(attribute => 40 + (attribute.Key.Length + attribute.Value.Length) * 2);
}

/// <summary>Keys, names and short values repeat endlessly; one copy of each is enough.</summary>
internal static class Texts
{
    private const int MaxLength = 64;
    private const int MaxTexts = 8 * 1024;
    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    public static string Share(string text)
    {
        if (text.Length > MaxLength) return text;
        if (Known.TryGetValue(text, out var known)) return known;
        if (Known.Count >= MaxTexts) Known.Clear();
        return Known.GetOrAdd(text, text);
    }
}
