using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>How much of a meter's unit: exact, at most 9 decimals. Spelled <c>1500.25</c>.</summary>
[JsonConverter(typeof(TextJson<Quantity>))]
public readonly record struct Quantity : IText<Quantity>, IComparable<Quantity>
{
    public const int Decimals = 9;

    private Quantity(Int128 billionths) => Billionths = FixedPoint.Checked(billionths);

    public static int LongestText => FixedPoint.LongestText;

    public static Quantity Zero => default;

    public static Quantity One { get; } = From(1);

    /// <summary>The quantity in units of 10^-9; at most 38 digits, as numeric(38,9) holds.</summary>
    public Int128 Billionths { get; }

    public bool IsZero => Billionths == 0;

    /// <exception cref="OverflowException">More than 38 digits.</exception>
    public static Quantity FromBillionths(Int128 billionths) => new(billionths);

    /// <exception cref="OverflowException">More than 9 decimals.</exception>
    public static Quantity From(decimal value) => new(FixedPoint.From(value, Decimals));

    public static Quantity operator +(Quantity left, Quantity right) =>
        new(left.Billionths + right.Billionths);

    public static Quantity operator -(Quantity left, Quantity right) =>
        new(left.Billionths - right.Billionths);

    public static Quantity operator -(Quantity quantity) => new(-quantity.Billionths);

    public static ExtendedPrice operator *(Quantity quantity, UnitPrice price) =>
        ExtendedPrice.Of(quantity, price);

    public static bool operator <(Quantity left, Quantity right) => left.Billionths < right.Billionths;

    public static bool operator >(Quantity left, Quantity right) => left.Billionths > right.Billionths;

    public static bool operator <=(Quantity left, Quantity right) => left.Billionths <= right.Billionths;

    public static bool operator >=(Quantity left, Quantity right) => left.Billionths >= right.Billionths;

    public static Quantity Min(Quantity left, Quantity right) => left <= right ? left : right;

    public static Quantity Max(Quantity left, Quantity right) => left >= right ? left : right;

    public int CompareTo(Quantity other) => Billionths.CompareTo(other.Billionths);

    /// <exception cref="OverflowException">More digits than a decimal holds.</exception>
    public decimal ToDecimal() => FixedPoint.ToDecimal(Billionths, Decimals);

    public static bool TryRead(ReadOnlySpan<char> text, out Quantity value)
    {
        value = default;
        if (!FixedPoint.TryRead(text, Decimals, 0, out var billionths)) return false;

        value = new(billionths);
        return true;
    }

    public int Write(Span<char> into) => FixedPoint.Write(Billionths, Decimals, 0, into);

    public override string ToString()
    {
        Span<char> buffer = stackalloc char[LongestText];
        return new string(buffer[..Write(buffer)]);
    }
}
