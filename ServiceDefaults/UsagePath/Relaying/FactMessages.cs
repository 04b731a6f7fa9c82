using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using Billing.Contracts;
using Billing.Contracts.Values;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// Numbered facts and tides as Kafka messages. What many messages have in common is made once. Not safe for
/// two threads at once.
/// </summary>
internal sealed class FactMessages(string generation)
{
    private const int MostWireNames = 1_000;

    private static readonly Header[] lanes =
        [.. Enumerable.Range(0, Lanes.Count).Select(lane => Text(FactHeaders.Lane, $"{lane}"))];

    private static readonly Header noPrevious = new(FactHeaders.PreviousFactId, []);

    private readonly Header _generation = Text(FactHeaders.Generation, generation);
    private readonly Dictionary<string, Header> _wireNames = [];
    private Header? _trace;
    private string? _traceText;

    public Message<byte[], byte[]> Of(NumberedFact numbered)
    {
        var fact = numbered.Fact;
        var headers = new Headers
        {
            WireName(fact.WireName),
            lanes[fact.Lane],
            new Header(FactHeaders.Number, Decimal(numbered.Number)),
            _generation,
            new Header(FactHeaders.FactId, Bytes(fact.Id)),
            numbered.Previous is { } id ? new Header(FactHeaders.PreviousFactId, Bytes(id)) : noPrevious,
        };
        if (fact.Trace is { } trace) headers.Add(Trace(trace));
        return new() { Key = Encoding.UTF8.GetBytes(fact.Key), Value = Whole(fact.Body), Headers = headers };
    }

    public Message<byte[], byte[]> Tide(string wireName, byte[] body) =>
        new() { Value = body, Headers = [WireName(wireName), _generation] };

    private Header WireName(string name)
    {
        if (_wireNames.TryGetValue(name, out var known)) return known;
        if (_wireNames.Count >= MostWireNames) _wireNames.Clear();
        return _wireNames[name] = Text(FactHeaders.WireName, name);
    }

    /// <summary>Facts of one batch often have one cause.</summary>
    private Header Trace(string trace)
    {
        if (_trace is not null && trace == _traceText) return _trace;

        _traceText = trace;
        return _trace = Text(FactHeaders.TraceParent, trace);
    }

    private static Header Text(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));

    private static byte[] Bytes(FactId id)
    {
        var bytes = new byte[FactId.LongestText];
        Utf8Formatter.TryFormat(id.Value, bytes, out _);
        return bytes;
    }

    private static byte[] Decimal(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        return digits[..length].ToArray();
    }

    private static byte[] Whole(ReadOnlyMemory<byte> body) =>
        MemoryMarshal.TryGetArray(body, out var part) && part.Count == part.Array!.Length
            ? part.Array
            : body.ToArray();
}
