using static Aspire.Hosting.Dashboard.OtlpInput;

namespace Aspire.Hosting.Dashboard;

/// <summary>ExportTraceServiceRequest of OTLP 1.x.</summary>
internal static class OtlpTraces
{
    private const int MaxEvents = 64;
    private const int MaxLinks = 32;

    public static List<SpanEntry> Read(byte[] body)
    {
        var spans = new List<SpanEntry>();
        using var input = new OtlpInput(body);
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) ResourceSpans(input, spans);
            else input.Skip();
        }

        return spans;
    }

    private static void ResourceSpans(OtlpInput input, List<SpanEntry> into)
    {
        var sender = Sender.Unknown;
        var first = into.Count;
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) sender = OtlpAttributes.Resource(input);
            else if (input.Tag == (2 << 3 | Length)) ScopeSpans(input, into);
            else input.Skip();
        }

        // Protobuf does not promise that the sender comes before what it sent.
        for (var i = first; i < into.Count; i++) into[i] = into[i] with { Sender = sender };
        input.Leave(outer);
    }

    private static void ScopeSpans(OtlpInput input, List<SpanEntry> into)
    {
        var scope = "";
        var first = into.Count;
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) scope = OtlpAttributes.Scope(input);
            else if (input.Tag == (2 << 3 | Length)) Add(Span(input), into);
            else input.Skip();
        }

        for (var i = first; i < into.Count; i++) into[i] = into[i] with { Scope = scope };
        input.Leave(outer);
    }

    /// <summary>A span without ids belongs nowhere; OTLP calls it invalid.</summary>
    private static void Add(SpanEntry span, List<SpanEntry> into)
    {
        if (span.TraceId != UInt128.Zero && span.SpanId != 0) into.Add(span);
    }

    private static SpanEntry Span(OtlpInput input)
    {
        var (traceId, spanId, parentId) = (UInt128.Zero, 0UL, 0UL);
        var (name, statusMessage) = ("", "");
        var (kind, status) = (0, 0);
        var (start, end) = (0L, 0L);
        var attributes = new List<TelemetryAttribute>();
        var events = new List<SpanEvent>();
        var links = new List<SpanLink>();

        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Length: traceId = input.TraceId(); break;
                case 2 << 3 | Length: spanId = input.SpanId(); break;
                case 4 << 3 | Length: parentId = input.SpanId(); break;
                case 5 << 3 | Length: name = Name(input); break;
                case 6 << 3 | Varint: kind = input.Number(); break;
                case 7 << 3 | Fixed64: start = input.Fixed(); break;
                case 8 << 3 | Fixed64: end = input.Fixed(); break;
                case 9 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                case 11 << 3 | Length: Keep(Event(input), events, MaxEvents); break;
                case 13 << 3 | Length: Keep(Link(input), links, MaxLinks); break;
                case 15 << 3 | Length: (status, statusMessage) = Status(input); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return new(
            traceId, spanId, parentId, Sender.Unknown, "", name, kind, start, Math.Max(start, end), status,
            statusMessage, [.. attributes], [.. events], [.. links]);
    }

    private static SpanEvent Event(OtlpInput input)
    {
        var (nanoseconds, name) = (0L, "");
        var attributes = new List<TelemetryAttribute>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Fixed64: nanoseconds = input.Fixed(); break;
                case 2 << 3 | Length: name = Name(input); break;
                case 3 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return new(nanoseconds, name, [.. attributes]);
    }

    private static SpanLink Link(OtlpInput input)
    {
        var (traceId, spanId) = (UInt128.Zero, 0UL);
        var attributes = new List<TelemetryAttribute>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Length: traceId = input.TraceId(); break;
                case 2 << 3 | Length: spanId = input.SpanId(); break;
                case 4 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return new(traceId, spanId, [.. attributes]);
    }

    private static (int Code, string Message) Status(OtlpInput input)
    {
        var (code, message) = (0, "");
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 2 << 3 | Length: message = OtlpAttributes.Cut(input.Text(), OtlpAttributes.MaxValueLength); break;
                case 3 << 3 | Varint: code = input.Number(); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return (code, message);
    }

    private static string Name(OtlpInput input) =>
        Texts.Share(OtlpAttributes.Cut(input.Text(), OtlpAttributes.MaxNameLength));

    private static void Keep<T>(T item, List<T> into, int atMost)
    {
        if (into.Count < atMost) into.Add(item);
    }
}
