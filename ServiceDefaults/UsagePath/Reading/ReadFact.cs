using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.Contracts.Values;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Reading;

using Message = ConsumeResult<byte[], byte[]>;

/// <summary>A numbered fact with the message that brought it.</summary>
internal sealed record ReadFact(FactHeader Header, Fact Fact, Message Message)
{
    /// <summary>Who owned the lane when the fact was taken into a batch.</summary>
    public Lane? Owner { get; set; }

    /// <summary>Why it is parked instead of applied.</summary>
    public string? ParkReason { get; set; }

    public int Bytes => MessageBytes.Of(Message);

    /// <param name="reading">What the handler made of it; null for one that has to wait for long.</param>
    public ReadFact With(object? reading) => this with { Fact = Fact with { Reading = reading } };
}

/// <summary>What a message of a numbered topic turns out to be; neither of both: a stray.</summary>
internal readonly record struct NumberedMessage(ReadFact? Fact, TideV1? Tide)
{
    private static readonly string TideName = WireNames.Of(typeof(TideV1));

    /// <summary>One walk over the headers, since this is done for each message.</summary>
    public static NumberedMessage Read(Message message, Texts texts)
    {
        long lane = -1, number = 0;
        string? wireName = null, generation = null, trace = null;
        FactId? id = null, previous = null;
        var isWhole = true;
        foreach (var header in message.Message.Headers ?? [])
        {
            ReadOnlySpan<byte> value = header.GetValueBytes();
            switch (header.Key)
            {
                case FactHeaders.Lane: isWhole &= TryNumber(value, out lane); break;
                case FactHeaders.Number: isWhole &= TryNumber(value, out number); break;
                case FactHeaders.WireName: wireName = texts.Of(value); break;
                case FactHeaders.Generation: generation = texts.Of(value); break;
                case FactHeaders.FactId: isWhole &= (id = Id(value)) is not null; break;
                case FactHeaders.PreviousFactId when value.Length > 0:
                    isWhole &= (previous = Id(value)) is not null; break;
                case FactHeaders.TraceParent: trace = Encoding.ASCII.GetString(value); break;
                default: break;
            }
        }

        if (wireName == TideName && number == 0) return new(null, ReadTide(message));
        if (!isWhole || wireName is null || string.IsNullOrEmpty(generation) || id is not { } known
            || lane is < 0 or >= Lanes.Count || number < 1)
            return default;

        var fact = new Fact(
            message.Topic, (int)lane, number, known, wireName, Texts.Key(message.Message.Key),
            message.Message.Value ?? [], trace);
        return new(new(new((int)lane, number, generation, known, previous), fact, message), null);
    }

    private static TideV1? ReadTide(Message message)
    {
        try
        {
            return ContractsJson.Read<TideV1>(message.Message.Value);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool TryNumber(ReadOnlySpan<byte> value, out long number) =>
        Utf8Parser.TryParse(value, out number, out var length) && length == value.Length && number >= 0;

    private static FactId? Id(ReadOnlySpan<byte> value)
    {
        Span<char> text = stackalloc char[FactId.LongestText];
        return value.Length == FactId.LongestText && Encoding.ASCII.TryGetChars(value, text, out _)
            && FactId.TryRead(text, out var id) ? id : null;
    }
}

/// <summary>Few texts come again and again; each is made once. Not for two threads at a time.</summary>
internal sealed class Texts
{
    private const int Most = 64;

    private readonly List<(byte[] Bytes, string Text)> _known = [];

    public string Of(ReadOnlySpan<byte> bytes)
    {
        foreach (var known in _known)
            if (bytes.SequenceEqual(known.Bytes)) return known.Text;

        if (_known.Count == Most) _known.Clear();
        var text = Encoding.UTF8.GetString(bytes);
        _known.Add((bytes.ToArray(), text));
        return text;
    }

    /// <summary>Keys are many; nothing is gained by keeping them.</summary>
    public static string Key(byte[]? key) => key is null ? "" : Encoding.UTF8.GetString(key);
}

internal static class MessageBytes
{
    // Objects and headers around the content; a guess is enough for a bound.
    private const int Around = 800;

    public static int Of(Message message) =>
        (message.Message.Value?.Length ?? 0) + (message.Message.Key?.Length ?? 0) + Around;
}
