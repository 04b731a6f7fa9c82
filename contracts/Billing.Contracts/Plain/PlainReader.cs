using System.Buffers;
using System.Text;
using Billing.Contracts.Values;

namespace Billing.Contracts.Plain;

/// <summary>
/// Reads the one form in which we write JSON ourselves: names in their order, no blanks, no escapes, ASCII.
/// Whatever differs from it in the least is refused here and left to the general way, which decides what it
/// is; so what is read here is read as there, only sooner.
/// </summary>
internal ref struct PlainReader(ReadOnlySpan<byte> json)
{
    private const int LongestNumber = 18;

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(one => (byte)one).Except("\"\\"u8.ToArray())]);

    private ReadOnlySpan<byte> rest = json;

    public readonly bool IsAtEnd => rest.IsEmpty;

    public static bool IsPlain(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(PlainBytes);

    /// <summary>True where this comes next; then it is passed.</summary>
    public bool Skip(ReadOnlySpan<byte> literal)
    {
        if (!rest.StartsWith(literal)) return false;

        rest = rest[literal.Length..];
        return true;
    }

    /// <summary>Behind its opening quote, up to and with the closing one.</summary>
    public bool Text(out ReadOnlySpan<byte> text)
    {
        var length = rest.IndexOfAnyExcept(PlainBytes);
        if (length < 0 || rest[length] != '"')
        {
            text = [];
            return false;
        }

        text = rest[..length];
        rest = rest[(length + 1)..];
        return true;
    }

    public bool Text(out string text)
    {
        var isText = Text(out ReadOnlySpan<byte> bytes);
        text = Encoding.ASCII.GetString(bytes);
        return isText;
    }

    public bool Value<T>(out T value) where T : struct, IText<T>
    {
        value = default;
        if (!Text(out ReadOnlySpan<byte> bytes) || bytes.Length > T.LongestText) return false;

        Span<char> text = stackalloc char[T.LongestText];
        Encoding.ASCII.GetChars(bytes, text);
        return T.TryRead(text[..bytes.Length], out value);
    }

    public bool Moment(out DateTimeOffset moment)
    {
        moment = default;
        return Text(out ReadOnlySpan<byte> text) && MomentText.TryRead(text, out moment);
    }

    /// <summary>From 0 on, without a fraction.</summary>
    public bool Number(out long number)
    {
        number = 0;
        var length = 0;
        for (; length < rest.Length && char.IsAsciiDigit((char)rest[length]); length++)
        {
            if (length == LongestNumber) return false;
            number = number * 10 + (rest[length] - '0');
        }

        if (length == 0 || (length > 1 && rest[0] == '0')) return false;

        rest = rest[length..];
        return true;
    }

    public bool Number(out int number)
    {
        var isNumber = Number(out long wide) && wide <= int.MaxValue;
        number = isNumber ? (int)wide : 0;
        return isNumber;
    }

    public bool Flag(out bool flag)
    {
        flag = Skip("true"u8);
        return flag || Skip("false"u8);
    }

    /// <summary>The whole object.</summary>
    public bool Event(out EventId usage)
    {
        usage = null!;
        if (!Skip("{\"source\":\""u8) || !Text(out string source)) return false;
        if (!Skip(",\"id\":\""u8) || !Text(out string id) || !Skip("}"u8)) return false;
        if (!EventId.IsWellFormed(source, id)) return false;

        usage = new(source, id);
        return true;
    }

    /// <summary>The whole object.</summary>
    public bool Period(out BillingPeriod period)
    {
        period = null!;
        if (!Skip("{\"start\":\""u8) || !Moment(out var start)) return false;
        if (!Skip(",\"endExclusive\":\""u8) || !Moment(out var end) || !Skip("}"u8)) return false;
        if (end <= start) return false;

        period = new(start, end);
        return true;
    }

    /// <summary>The whole object; its names ascend, so that none comes twice.</summary>
    public bool Properties(out Properties properties)
    {
        properties = Values.Properties.None;
        if (Skip("{}"u8)) return true;

        var begin = rest;
        if (!Skip("{\""u8) || !Text(out ReadOnlySpan<byte> before) || !Value()) return false;
        while (Skip(",\""u8))
        {
            if (!Text(out ReadOnlySpan<byte> name) || before.SequenceCompareTo(name) >= 0) return false;
            if (!Value()) return false;

            before = name;
        }

        if (!Skip("}"u8)) return false;

        properties = Values.Properties.OfPlain(begin[..^rest.Length]);
        return true;
    }

    private bool Value() => Skip(":\""u8) && Text(out ReadOnlySpan<byte> _);
}
