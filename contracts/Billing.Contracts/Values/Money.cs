using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>
/// Whole minor units of a currency: invoice lines and totals, payments, Stripe (docs/adr/0004). Spelled with
/// all decimals that the currency has: <c>12.50 USD</c>, <c>1250 XOF</c>. The default value has no currency.
/// </summary>
[JsonConverter(typeof(TextJson<Money>))]
public readonly record struct Money : IText<Money>
{
    public Money(long minorUnits, Currency currency)
    {
        MinorUnits = minorUnits;
        Currency = currency.Given();
    }

    public static int LongestText => 26;

    public long MinorUnits { get; }

    public Currency Currency { get; }

    public bool IsZero => MinorUnits == 0;

    public static Money Zero(Currency currency) => new(0, currency);

    public static Money operator +(Money left, Money right) =>
        new(left.MinorUnits + right.MinorUnits, left.Currency.Shared(right.Currency));

    public static Money operator -(Money left, Money right) =>
        new(left.MinorUnits - right.MinorUnits, left.Currency.Shared(right.Currency));

    public static Money operator -(Money money) => new(-money.MinorUnits, money.Currency);

    public static bool operator <(Money left, Money right) => left.CompareTo(right) < 0;

    public static bool operator >(Money left, Money right) => left.CompareTo(right) > 0;

    public static bool operator <=(Money left, Money right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Money left, Money right) => left.CompareTo(right) >= 0;

    /// <summary>Zero of the currency where there is nothing to add.</summary>
    public static Money Sum(IEnumerable<Money> parts, Currency currency) =>
        parts.Aggregate(Zero(currency), (sum, part) => sum + part);

    /// <exception cref="InvalidOperationException">Two currencies.</exception>
    public int CompareTo(Money other)
    {
        Currency.Shared(other.Currency);
        return MinorUnits.CompareTo(other.MinorUnits);
    }

    /// <summary>
    /// Shares in the ratio of the weights that add up to the whole, to the last minor unit.
    /// </summary>
    public IReadOnlyList<Money> Allocate(IReadOnlyList<long> weights)
    {
        var currency = Currency;
        return [.. Shares.Of(MinorUnits, weights).Select(share => new Money((long)share, currency))];
    }

    /// <summary>The same as an exact amount; nothing is rounded.</summary>
    public Amount ToAmount() => Amount.FromTrillionths(
        MinorUnits * FixedPoint.PowerOfTen(Amount.Decimals - Currency.MinorUnits), Currency);

    public static bool TryRead(ReadOnlySpan<char> text, out Money value)
    {
        value = default;
        if (!Priced.TryRead(text, out var number, out var currency)) return false;

        var decimals = currency.MinorUnits;
        if (!FixedPoint.TryRead(number, decimals, decimals, out var units)) return false;
        if (units < long.MinValue || units > long.MaxValue) return false;

        value = new((long)units, currency);
        return true;
    }

    public int Write(Span<char> into)
    {
        var decimals = Currency.MinorUnits;
        return Priced.Write(FixedPoint.Write(MinorUnits, decimals, decimals, into), Currency, into);
    }

    public override string ToString() => Text.Of(this);
}
