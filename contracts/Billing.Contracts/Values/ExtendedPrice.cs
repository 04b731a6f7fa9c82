namespace Billing.Contracts.Values;

/// <summary>
/// Quantity × unit price, with all its 21 decimals, so that the tiers of a price add up before anything is
/// rounded (docs/adr/0004). It lives inside one calculation and has no spelling. Up to 1.7 × 10^17 of a
/// currency.
/// </summary>
public readonly record struct ExtendedPrice
{
    public const int Decimals = Quantity.Decimals + UnitPrice.Decimals;

    private static readonly Int128 OneTrillionth = FixedPoint.PowerOfTen(Decimals - Amount.Decimals);

    private readonly Int128 count; // in units of 10^-21

    private ExtendedPrice(Int128 count, Currency currency)
    {
        this.count = count;
        Currency = currency.Given();
    }

    public Currency Currency { get; }

    /// <summary>False where <see cref="ToAmount"/> rounds: then the trace says so.</summary>
    public bool IsExactAmount => count % OneTrillionth == 0;

    public static ExtendedPrice Zero(Currency currency) => new(0, currency);

    /// <exception cref="OverflowException">Beyond 1.7 × 10^17 of the currency.</exception>
    public static ExtendedPrice Of(Quantity quantity, UnitPrice price) =>
        new(Product(quantity.Billionths, price.Trillionths), price.Currency);

    public static ExtendedPrice Of(Amount amount) =>
        new(checked(amount.Trillionths * OneTrillionth), amount.Currency);

    public static ExtendedPrice operator +(ExtendedPrice left, ExtendedPrice right) =>
        new(checked(left.count + right.count), left.Currency.Shared(right.Currency));

    public static ExtendedPrice operator -(ExtendedPrice left, ExtendedPrice right) =>
        new(checked(left.count - right.count), left.Currency.Shared(right.Currency));

    public static bool operator <(ExtendedPrice left, ExtendedPrice right) => left.CompareTo(right) < 0;

    public static bool operator >(ExtendedPrice left, ExtendedPrice right) => left.CompareTo(right) > 0;

    public static bool operator <=(ExtendedPrice left, ExtendedPrice right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ExtendedPrice left, ExtendedPrice right) => left.CompareTo(right) >= 0;

    /// <exception cref="InvalidOperationException">Two currencies.</exception>
    public int CompareTo(ExtendedPrice other)
    {
        Currency.Shared(other.Currency);
        return count.CompareTo(other.count);
    }

    /// <summary>Ends at 12 decimals; a tie goes to the even one.</summary>
    public Amount ToAmount() => Amount.FromTrillionths(HalfEven.Divide(count, OneTrillionth), Currency);

    // Nearly all factors fit in 64 bits, and then the product always fits and takes one instruction.
    private static Int128 Product(Int128 left, Int128 right)
    {
        var (shortLeft, shortRight) = (unchecked((long)left), unchecked((long)right));
        return shortLeft == left && shortRight == right
            ? Math.BigMul(shortLeft, shortRight)
            : checked(left * right);
    }

    public override string ToString() => Currency == default ? "(none)" : ToAmount().ToString();
}
