using System.Numerics;
using System.Text.Json;
using Billing.Contracts.Values;
using FsCheck.NUnit;

namespace Billing.Contracts.Tests.Values;

[Properties(Arbitrary = [typeof(Generators)])]
public class MoneyTests
{
    private static readonly Currency Usd = Currency.Of("USD");
    private static readonly Currency Xof = Currency.Of("XOF");
    private static readonly Currency Kwd = Currency.Of("KWD");

    [Property(MaxTest = 1_000)]
    public void adding_goes_in_any_order_and_never_wraps(Money left, Money right)
    {
        right = new(right.MinorUnits, left.Currency);
        var exact = (BigInteger)left.MinorUnits + right.MinorUnits;

        if (exact < long.MinValue || exact > long.MaxValue) Should.Throw<OverflowException>(() => left + right);
        else
        {
            (left + right).ShouldBe(right + left);
            ((BigInteger)(left + right).MinorUnits).ShouldBe(exact);
        }
    }

    [Property(MaxTest = 1_000)]
    public void the_spelling_comes_back_as_the_same_money(Money money)
    {
        var json = JsonSerializer.Serialize(money, ContractsJson.Options);

        json.ShouldBe($"\"{money}\"");
        JsonSerializer.Deserialize<Money>(json, ContractsJson.Options).ShouldBe(money);
    }

    [Property(MaxTest = 1_000)]
    public void shares_add_up_and_are_at_most_one_unit_off(Money money, ushort[] weights)
    {
        var all = weights.Select(weight => (long)weight).Append(1).ToArray();
        var whole = all.Aggregate(BigInteger.Zero, (sum, weight) => sum + weight);

        var shares = money.Allocate(all);

        shares.Aggregate(BigInteger.Zero, (sum, share) => sum + share.MinorUnits).ShouldBe(money.MinorUnits);
        for (var place = 0; place < all.Length; place++)
        {
            var error = BigInteger.Abs(shares[place].MinorUnits * whole - (BigInteger)money.MinorUnits * all[place]);
            (error <= whole).ShouldBeTrue();
        }
    }

    [Property(MaxTest = 2_000)]
    public void rounding_equals_its_definition_for_every_exponent(Amount amount)
    {
        var oneUnit = BigInteger.Pow(10, 12 - amount.Currency.MinorUnits);
        var exact = Oracle.HalfEven((BigInteger)amount.Trillionths, oneUnit);

        if (exact < long.MinValue || exact > long.MaxValue)
            Should.Throw<OverflowException>(() => Rounding.ToMinorUnitsHalfEven(amount));
        else Rounding.ToMinorUnitsHalfEven(amount).ShouldBe(new((long)exact, amount.Currency));
    }

    [Property(MaxTest = 1_000)]
    public void money_is_an_amount_that_rounds_to_itself(Money money) =>
        Rounding.ToMinorUnitsHalfEven(money.ToAmount()).ShouldBe(money);

    [TestCase("0.125 USD", "0.12 USD")]
    [TestCase("0.135 USD", "0.14 USD")]
    [TestCase("-0.125 USD", "-0.12 USD")]
    [TestCase("-0.135 USD", "-0.14 USD")]
    [TestCase("0.125000000001 USD", "0.13 USD")]
    [TestCase("0.5 XOF", "0 XOF")]
    [TestCase("1.5 JPY", "2 JPY")]
    [TestCase("2.5 JPY", "2 JPY")]
    [TestCase("0.0005 KWD", "0.000 KWD")]
    [TestCase("5.1235 KWD", "5.124 KWD")]
    public void a_tie_goes_to_the_even_unit(string exact, string rounded) =>
        Rounding.ToMinorUnitsHalfEven(Text.Read<Amount>(exact)).ToString().ShouldBe(rounded);

    [Test]
    public void a_line_credited_in_thirds_is_credited_whole()
    {
        var third = Text.Read<Amount>("0.333333333333 USD");
        var (soFar, credited) = (Amount.Zero(Usd), Money.Zero(Usd));
        foreach (var part in new[] { third, third, Text.Read<Amount>("0.333333333334 USD") })
        {
            soFar += part;
            credited += Rounding.NextCreditHalfEven(soFar, credited);
        }

        credited.ShouldBe(new Money(100, Usd));
    }

    [Test]
    public void decimals_are_those_of_the_currency()
    {
        new Money(1250, Usd).ToString().ShouldBe("12.50 USD");
        new Money(-5, Usd).ToString().ShouldBe("-0.05 USD");
        new Money(1250, Xof).ToString().ShouldBe("1250 XOF");
        new Money(1250, Kwd).ToString().ShouldBe("1.250 KWD");
        new Money(long.MinValue, Usd).ToString().ShouldBe("-92233720368547758.08 USD");
    }

    [TestCase("12.5 USD")]
    [TestCase("12 USD")]
    [TestCase("12.500 USD")]
    [TestCase("12.0 XOF")]
    [TestCase("-0.00 USD")]
    [TestCase("92233720368547758.08 USD")]
    [TestCase("012.50 USD")]
    public void other_spellings_are_refused(string text) => Text.TryRead<Money>(text, out _).ShouldBeFalse();

    [Test]
    public void two_currencies_or_none_are_refused()
    {
        Should.Throw<InvalidOperationException>(() => new Money(1, Usd) + new Money(1, Xof));
        Should.Throw<InvalidOperationException>(() => new Money(1, Usd) >= new Money(1, Xof));
        Should.Throw<InvalidOperationException>(() => new Money(1, default));
        Should.Throw<InvalidOperationException>(() => default(Money) + default(Money));
        Should.Throw<InvalidOperationException>(() => JsonSerializer.Serialize(default(Money), ContractsJson.Options));
        Should.Throw<OverflowException>(() => -new Money(long.MinValue, Usd));
    }
}
