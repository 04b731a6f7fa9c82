using System.Net.Http.Headers;
using Google.Protobuf;

namespace Billing.StandIns.Tests.Dashboard;

/// <summary>Writes OTLP messages field by field, so that also wrong ones can be written.</summary>
internal static class Wire
{
    public static byte[] Message(params (int Field, object Value)[] fields)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            foreach (var (field, value) in fields)
            {
                var type = value switch
                {
                    int or bool => WireFormat.WireType.Varint,
                    long or double => WireFormat.WireType.Fixed64,
                    _ => WireFormat.WireType.LengthDelimited,
                };
                output.WriteTag(field, type);
                switch (value)
                {
                    case int number: output.WriteInt32(number); break;
                    case bool flag: output.WriteBool(flag); break;
                    case long number: output.WriteFixed64((ulong)number); break;
                    case double number: output.WriteDouble(number); break;
                    case string text: output.WriteString(text); break;
                    case byte[] bytes: output.WriteBytes(ByteString.CopyFrom(bytes)); break;
                    default: throw new ArgumentException("not a field: " + value, nameof(fields));
                }
            }
        }

        return stream.ToArray();
    }

    public static byte[] Attribute(string key, string value) => Message((1, key), (2, Message((1, value))));

    public static byte[] Resource(string service) => Message((1, Attribute("service.name", service)));

    /// <summary>One resource with one scope, as all three requests have it.</summary>
    public static byte[] Request(string service, params byte[][] items) => Message((1, Message(
        (1, Resource(service)),
        (2, Message([(1, (object)Message((1, "scope"))), .. items.Select(item => (2, (object)item))])))));

    public static byte[] Span(byte[] traceId, byte[] spanId, string name, long start = 1_000, long end = 2_000) =>
        Message((1, traceId), (2, spanId), (5, name), (6, 1), (7, start), (8, end));

    public static byte[] Log(string text, int severity = 9) =>
        Message((1, 1_700_000_000_000_000_000L), (2, severity), (5, Message((1, text))));

    public static byte[] Sum(string name, double value, string attribute, long time = 0) => Message(
        (1, name),
        (7, Message((1, Message((3, time), (4, value), (7, Attribute("set", attribute)))), (2, 2), (3, true))));

    public static ByteArrayContent Content(byte[] body, string type = "application/x-protobuf") =>
        new(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    public static byte[] Id(int length, int number)
    {
        var id = new byte[length];
        BitConverter.GetBytes(number).CopyTo(id, 0);
        id[^1] = 1;
        return id;
    }
}
