using System.Text;
using Billing.Contracts.Values;

namespace Billing.Contracts.Plain;

/// <summary>
/// Writes JSON that needs no escapes, into a place of bounded size. What it cannot write it leaves to the
/// general way, which writes the same bytes for all that both can.
/// </summary>
internal ref struct PlainWriter(Span<byte> into)
{
    private readonly Span<byte> all = into;
    private int length;
    private bool hasGivenUp;

    /// <summary>Null: the general way has to do it.</summary>
    public readonly byte[]? Written => hasGivenUp ? null : all[..length].ToArray();

    public void Raw(ReadOnlySpan<byte> literal)
    {
        if (literal.TryCopyTo(all[length..])) length += literal.Length;
        else hasGivenUp = true;
    }

    /// <summary>Behind its opening quote, with the closing one.</summary>
    public void Text(scoped ReadOnlySpan<char> text)
    {
        var room = all[length..];
        if (text.Length < room.Length
            && Ascii.FromUtf16(text, room, out var written) == System.Buffers.OperationStatus.Done
            && PlainReader.IsPlain(room[..written]))
        {
            room[written] = (byte)'"';
            length += written + 1;
        }
        else hasGivenUp = true;
    }

    public void Value<T>(T value) where T : struct, IText<T>
    {
        Span<char> text = stackalloc char[T.LongestText];
        Text(text[..value.Write(text)]);
    }

    public void Moment(DateTimeOffset moment)
    {
        Span<char> text = stackalloc char[MomentText.Longest];
        Text(text[..MomentText.Write(moment, text)]);
    }

    public void Number(long number)
    {
        if (System.Buffers.Text.Utf8Formatter.TryFormat(number, all[length..], out var written))
            length += written;
        else hasGivenUp = true;
    }

    /// <summary>The whole object.</summary>
    public void Event(EventId usage)
    {
        Raw("{\"source\":\""u8);
        Text(usage.Source);
        Raw(",\"id\":\""u8);
        Text(usage.Id);
        Raw("}"u8);
    }

    /// <summary>The whole object.</summary>
    public void Period(BillingPeriod period)
    {
        Raw("{\"start\":\""u8);
        Moment(period.Start);
        Raw(",\"endExclusive\":\""u8);
        Moment(period.EndExclusive);
        Raw("}"u8);
    }

    /// <summary>The whole object.</summary>
    public void Properties(Properties properties)
    {
        if (properties.Plain is { } plain)
        {
            var room = all[length..];
            if (plain.Length > room.Length) hasGivenUp = true;
            else length += Encoding.ASCII.GetBytes(plain, room);
            return;
        }

        Raw("{"u8);
        var isFirst = true;
        foreach (var (name, value) in properties.All)
        {
            Raw(isFirst ? "\""u8 : ",\""u8);
            Text(name);
            Raw(":\""u8);
            Text(value);
            isFirst = false;
        }

        Raw("}"u8);
    }
}
