using System.Buffers.Binary;
using System.Text;
using Billing.Contracts.Values;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// Rows as PostgreSQL's binary COPY wants them: each column as its length and its bytes, all in network
/// order.
/// </summary>
internal sealed class CopyRows
{
    // Numbers are digits of base 10,000, as many of them behind the point as twelve decimals need.
    private const int Base = 10_000, FractionDigits = 3, MostDigits = 11;
    private const short Negative = 0x4000;
    private const long MicrosecondTicks = TimeSpan.TicksPerMillisecond / 1_000;

    private static readonly long Epoch = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).Ticks;

    // The signature, no flags, no more header.
    private static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xff, .. "\r\n\0"u8, 0, 0, 0, 0, 0, 0, 0, 0];

    private byte[] _bytes = new byte[1 << 20];
    private int _length;

    /// <summary>All that was written since the beginning.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public void Begin()
    {
        _length = 0;
        Header.CopyTo(Take(Header.Length));
    }

    public void Row(short columns) => BinaryPrimitives.WriteInt16BigEndian(Take(2), columns);

    public void End() => BinaryPrimitives.WriteInt16BigEndian(Take(2), -1);

    public void Nothing() => BinaryPrimitives.WriteInt32BigEndian(Take(4), -1);

    public void Write(long value) => BinaryPrimitives.WriteInt64BigEndian(Column(8), value);

    public void Write(bool value) => Column(1)[0] = value ? (byte)1 : (byte)0;

    public void Write(Guid value) => value.TryWriteBytes(Column(16), bigEndian: true, out _);

    public void Write(DateTimeOffset moment) => Write((moment.UtcTicks - Epoch) / MicrosecondTicks);

    public void Write(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, Column(length));
    }

    public void Write(Amount amount) => Number(amount.Trillionths, Amount.Decimals);

    public void Write(Quantity? quantity)
    {
        if (quantity is { } units) Number(units.Billionths, Quantity.Decimals);
        else Nothing();
    }

    private void Number(Int128 count, int decimals)
    {
        var magnitude = (UInt128)Int128.Abs(count);
        Span<short> digits = stackalloc short[MostDigits + FractionDigits];
        var length = Digits(digits, magnitude, decimals);
        var column = Column(8 + 2 * length);
        BinaryPrimitives.WriteInt16BigEndian(column, (short)length);
        BinaryPrimitives.WriteInt16BigEndian(column[2..], (short)(length - FractionDigits - 1));
        BinaryPrimitives.WriteInt16BigEndian(column[4..], Int128.IsNegative(count) ? Negative : (short)0);
        BinaryPrimitives.WriteInt16BigEndian(column[6..], Amount.Decimals); // shown; the column has its own
        for (var place = 0; place < length; place++)
            BinaryPrimitives.WriteInt16BigEndian(column[(8 + 2 * place)..], digits[length - 1 - place]);
    }

    /// <summary>From the last to the first.</summary>
    private static int Digits(Span<short> digits, UInt128 magnitude, int decimals)
    {
        ulong scale = 1;
        for (var place = 0; place < decimals; place++) scale *= 10;
        var (whole, part) = magnitude <= ulong.MaxValue
            ? ((UInt128)((ulong)magnitude / scale), (ulong)magnitude % scale)
            : (magnitude / scale, (ulong)(magnitude % scale));
        for (var place = decimals; place < Amount.Decimals; place++) part *= 10;

        var length = 0;
        for (; length < FractionDigits; part /= Base) digits[length++] = (short)(part % Base);
        for (; whole > ulong.MaxValue; whole /= Base) digits[length++] = (short)(ulong)(whole % Base);
        for (var rest = (ulong)whole; rest > 0; rest /= Base) digits[length++] = (short)(rest % Base);
        return length;
    }

    private Span<byte> Column(int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(Take(4), length);
        return Take(length);
    }

    private Span<byte> Take(int length)
    {
        _length += length;
        if (_length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_length, 2 * _bytes.Length));
        return _bytes.AsSpan(_length - length, length);
    }
}
