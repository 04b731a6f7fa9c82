using static Aspire.Hosting.Dashboard.OtlpInput;

namespace Aspire.Hosting.Dashboard;

/// <summary>ExportLogsServiceRequest of OTLP 1.x.</summary>
internal static class OtlpLogs
{
    private const string Template = "{OriginalFormat}";

    /// <param name="now">For records without any time; nanoseconds since the Unix epoch.</param>
    public static List<LogEntry> Read(byte[] body, long now)
    {
        var logs = new List<LogEntry>();
        using var input = new OtlpInput(body);
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) ResourceLogs(input, logs, now);
            else input.Skip();
        }

        return logs;
    }

    private static void ResourceLogs(OtlpInput input, List<LogEntry> into, long now)
    {
        var sender = Sender.Unknown;
        var first = into.Count;
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) sender = OtlpAttributes.Resource(input);
            else if (input.Tag == (2 << 3 | Length)) ScopeLogs(input, into, now);
            else input.Skip();
        }

        for (var i = first; i < into.Count; i++) into[i] = into[i] with { Sender = sender };
        input.Leave(outer);
    }

    private static void ScopeLogs(OtlpInput input, List<LogEntry> into, long now)
    {
        var scope = "";
        var first = into.Count;
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) scope = OtlpAttributes.Scope(input);
            else if (input.Tag == (2 << 3 | Length)) into.Add(LogRecord(input, now));
            else input.Skip();
        }

        for (var i = first; i < into.Count; i++) into[i] = into[i] with { Scope = scope };
        input.Leave(outer);
    }

    private static LogEntry LogRecord(OtlpInput input, long now)
    {
        var (at, observed) = (0L, 0L);
        var (severity, severityText, message, eventName) = (0, "", "", "");
        var (traceId, spanId) = (UInt128.Zero, 0UL);
        var attributes = new List<TelemetryAttribute>();

        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Fixed64: at = input.Fixed(); break;
                case 2 << 3 | Varint: severity = input.Number(); break;
                case 3 << 3 | Length: severityText = OtlpAttributes.Cut(input.Text(), 32); break;
                case 5 << 3 | Length: message = OtlpAttributes.Value(input); break;
                case 6 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                case 9 << 3 | Length: traceId = input.TraceId(); break;
                case 10 << 3 | Length: spanId = input.SpanId(); break;
                case 11 << 3 | Fixed64: observed = input.Fixed(); break;
                case 12 << 3 | Length: eventName = OtlpAttributes.Cut(input.Text(), OtlpAttributes.MaxNameLength); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        if (message.Length == 0) message = eventName;
        return new(
            0, at > 0 ? at : observed > 0 ? observed : now, Sender.Unknown, "", Severity(severity, severityText),
            OtlpAttributes.Cut(Filled(message, attributes), OtlpAttributes.MaxTextLength), [.. attributes], traceId, spanId);
    }

    private static int Severity(int number, string text) => number switch
    {
        >= 1 and <= 24 => number,
        _ => text.ToUpperInvariant() switch
        {
            "TRACE" => 1,
            "DEBUG" => 5,
            "WARN" or "WARNING" => 13,
            "ERROR" => 17,
            "FATAL" or "CRITICAL" => 21,
            _ => 9,
        },
    };

    /// <summary>.NET sends the bare template unless it is told to format: the values are at hand, so fill it in.</summary>
    private static string Filled(string message, List<TelemetryAttribute> attributes)
    {
        if (!message.Contains('{', StringComparison.Ordinal)) return message;
        if (attributes.Exists(one => one.Key == Template && one.Value != message)) return message;

        foreach (var attribute in attributes)
        {
            if (attribute.Key == Template || message.Length > OtlpAttributes.MaxTextLength) continue;
            message = message.Replace("{" + attribute.Key + "}", attribute.Value, StringComparison.Ordinal);
        }

        return message;
    }
}
