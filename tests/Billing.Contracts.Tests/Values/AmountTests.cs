using System.Numerics;
using System.Text.Json;
using Billing.Contracts.Values;
using FsCheck.NUnit;

namespace Billing.Contracts.Tests.Values;

[Properties(Arbitrary = [typeof(Generators)])]
public class AmountTests
{
    private static readonly Currency Usd = Currency.Of("USD");
    private static readonly Currency Eur = Currency.Of("EUR");

    [Property(MaxTest = 1_000)]
    public void adding_goes_in_any_order_and_equals_big_integers(Amount left, Amount right)
    {
        right = Amount.FromTrillionths(right.Trillionths, left.Currency);
        var exact = (BigInteger)left.Trillionths + right.Trillionths;

        if (BigInteger.Abs(exact) > Generators.Largest) Should.Throw<OverflowException>(() => left + right);
        else
        {
            (left + right).ShouldBe(right + left);
            ((BigInteger)(left + right).Trillionths).ShouldBe(exact);
            (left + right - right).ShouldBe(left);
            (left + right).ShouldBe(left - -right);
        }
    }

    [Property(MaxTest = 1_000)]
    public void the_spelling_comes_back_as_the_same_amount(Amount amount)
    {
        var text = amount.ToString();

        Text.Read<Amount>(text).ShouldBe(amount);
        var json = JsonSerializer.Serialize(amount, ContractsJson.Options);
        json.ShouldBe($"\"{text}\"");
        JsonSerializer.Deserialize<Amount>(json, ContractsJson.Options).ShouldBe(amount);
    }

    [Property(MaxTest = 1_000)]
    public void shares_add_up_to_the_amount(Amount amount, int[] weights)
    {
        var positive = weights.Select(weight => Math.Abs((long)weight)).Append(1).ToArray();

        var shares = amount.Allocate(positive);

        shares.Count.ShouldBe(positive.Length);
        shares.Aggregate(BigInteger.Zero, (sum, share) => sum + share.Trillionths).ShouldBe(amount.Trillionths);
    }

    [Property(MaxTest = 1_000)]
    public void prorating_equals_the_rounded_fraction(Amount amount, int part, int whole)
    {
        if (whole == 0) return;

        var exact = Oracle.HalfEven((BigInteger)amount.Trillionths * part, whole);

        if (BigInteger.Abs(exact) > Generators.Largest) Should.Throw<OverflowException>(() => amount.Prorate(part, whole));
        else ((BigInteger)amount.Prorate(part, whole).Trillionths).ShouldBe(exact);
    }

    [Property(MaxTest = 1_000)]
    public void prorating_by_units_equals_the_rounded_fraction(Amount amount, Quantity part, Quantity whole)
    {
        if (whole.IsZero) return;

        var exact = Oracle.HalfEven((BigInteger)amount.Trillionths * part.Billionths, whole.Billionths);

        if (BigInteger.Abs(exact) > Generators.Largest) Should.Throw<OverflowException>(() => amount.Prorate(part, whole));
        else ((BigInteger)amount.Prorate(part, whole).Trillionths).ShouldBe(exact);
    }

    [TestCase("0 USD")]
    [TestCase("-0.000000000001 USD")]
    [TestCase("12.5 EUR")]
    [TestCase("99999999999999999999999999.999999999999 XOF")]
    public void there_is_one_spelling(string text) => Text.Read<Amount>(text).ToString().ShouldBe(text);

    [TestCase("12.50 USD")]
    [TestCase("012.5 USD")]
    [TestCase("+12.5 USD")]
    [TestCase("-0 USD")]
    [TestCase("12. USD")]
    [TestCase(".5 USD")]
    [TestCase("1e3 USD")]
    [TestCase("1,000 USD")]
    [TestCase(" 1 USD")]
    [TestCase("1 USD ")]
    [TestCase("1  USD")]
    [TestCase("1 usd")]
    [TestCase("1 XXX")]
    [TestCase("1USD")]
    [TestCase("1")]
    [TestCase(" USD")]
    [TestCase("- USD")]
    [TestCase("")]
    [TestCase("٣ USD")]
    [TestCase("NaN USD")]
    [TestCase("0.0000000000001 USD")]
    [TestCase("100000000000000000000000000 USD")]
    public void everything_else_is_refused(string text)
    {
        Text.TryRead<Amount>(text, out _).ShouldBeFalse();
        Should.Throw<FormatException>(() => Text.Read<Amount>(text));
        Should.Throw<JsonException>(() =>
            JsonSerializer.Deserialize<Amount>(JsonSerializer.Serialize(text), ContractsJson.Options));
    }

    [TestCase("12.5")]
    [TestCase("null")]
    [TestCase("true")]
    [TestCase("{}")]
    public void an_amount_in_json_is_a_string(string json) =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<Amount>(json, ContractsJson.Options));

    [Test]
    public void a_huge_text_is_refused_unread() => Should.Throw<JsonException>(() =>
        JsonSerializer.Deserialize<Amount>($"\"{new string('1', 1_000_000)} USD\"", ContractsJson.Options));

    [Test]
    public void two_currencies_never_mix()
    {
        var (dollars, euros) = (Amount.From(1, Usd), Amount.From(1, Eur));

        Should.Throw<InvalidOperationException>(() => dollars + euros);
        Should.Throw<InvalidOperationException>(() => dollars - euros);
        Should.Throw<InvalidOperationException>(() => dollars < euros);
        Should.Throw<InvalidOperationException>(() => Amount.Sum([dollars, euros], Usd));
        (dollars == euros).ShouldBeFalse();
    }

    [Test]
    public void the_default_has_no_currency_and_is_refused()
    {
        Should.Throw<InvalidOperationException>(() => default(Amount) + default(Amount));
        Should.Throw<InvalidOperationException>(() => -default(Amount));
        Should.Throw<InvalidOperationException>(() => Amount.Zero(default));
        Should.Throw<InvalidOperationException>(() => JsonSerializer.Serialize(default(Amount), ContractsJson.Options));
        default(Amount).ToString().ShouldBe("(none)");
    }

    [Test]
    public void a_decimal_comes_in_exactly_or_not_at_all()
    {
        Amount.From(0.000000000001m, Usd).Trillionths.ShouldBe(Int128.One);
        Amount.From(1.0000000000000000m, Usd).ShouldBe(Amount.From(1, Usd));
        Amount.From(-1.5m, Usd).ToDecimal().ShouldBe(-1.5m);
        Amount.From(79_228_162_514_264_337_593_543_950m, Usd).ToDecimal().ShouldBe(79_228_162_514_264_337_593_543_950m);
        Should.Throw<OverflowException>(() => Amount.From(0.0000000000001m, Usd));
        Should.Throw<OverflowException>(() => Amount.From(decimal.MaxValue, Usd));
        Should.Throw<OverflowException>(() => Amount.FromTrillionths(Generators.Largest, Usd).ToDecimal());
    }

    [Test]
    public void shares_without_a_weight_are_refused()
    {
        Should.Throw<ArgumentException>(() => Amount.From(1, Usd).Allocate([]));
        Should.Throw<ArgumentException>(() => Amount.From(1, Usd).Allocate([0, 0]));
        Should.Throw<ArgumentException>(() => Amount.From(1, Usd).Allocate([2, -1]));
    }
}
