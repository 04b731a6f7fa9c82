using System.Numerics;
using System.Text.Json;
using Billing.Contracts.Values;
using FsCheck.NUnit;

namespace Billing.Contracts.Tests.Values;

[Properties(Arbitrary = [typeof(Generators)])]
public class PriceTests
{
    private static readonly Currency Usd = Currency.Of("USD");

    [Property(MaxTest = 2_000)]
    public void a_product_is_rounded_once_at_its_end(Quantity quantity, UnitPrice price)
    {
        var exact = (BigInteger)quantity.Billionths * price.Trillionths;

        if (BigInteger.Abs(exact) > Int128.MaxValue) Should.Throw<OverflowException>(() => quantity * price);
        else
        {
            var product = quantity * price;
            ((BigInteger)product.ToAmount().Trillionths).ShouldBe(Oracle.HalfEven(exact, 1_000_000_000));
            product.IsExactAmount.ShouldBe(exact % 1_000_000_000 == 0);
            (price * quantity).ShouldBe(product);
        }
    }

    [Test]
    public void tiers_add_up_before_anything_is_rounded()
    {
        var quantity = Text.Read<Quantity>("0.000000001");
        var price = UnitPrice.From(0.0004m, Usd); // each product is four tenths of the last digit

        var sum = quantity * price + quantity * price;

        (quantity * price).ToAmount().IsZero.ShouldBeTrue();
        sum.ToAmount().ToString().ShouldBe("0.000000000001 USD");
        (sum - quantity * price).ShouldBe(quantity * price);
    }

    [TestCase("250000", "0.0001 USD", "25 USD")]
    [TestCase("5000", "0.01 USD", "50 USD")]
    [TestCase("1", "0.009 EUR", "0.009 EUR")]
    [TestCase("25", "1 USD", "25 USD")]
    public void examples_of_the_source_documents_come_out(string quantity, string price, string amount) =>
        (Text.Read<Quantity>(quantity) * Text.Read<UnitPrice>(price)).ToAmount().ToString().ShouldBe(amount);

    [Test]
    public void currencies_do_not_mix_in_a_sum()
    {
        var (dollars, euros) = (Quantity.One * UnitPrice.From(1, Usd), Quantity.One * UnitPrice.From(1, Currency.Of("EUR")));

        Should.Throw<InvalidOperationException>(() => dollars + euros);
        Should.Throw<InvalidOperationException>(() => dollars - euros);
        Should.Throw<InvalidOperationException>(() => Quantity.One * default(UnitPrice));
        Should.Throw<InvalidOperationException>(() => default(ExtendedPrice).ToAmount());
    }

    [Property]
    public void quantities_come_back_from_their_spelling(Quantity quantity)
    {
        var json = JsonSerializer.Serialize(quantity, ContractsJson.Options);

        json.ShouldBe($"\"{quantity}\"");
        JsonSerializer.Deserialize<Quantity>(json, ContractsJson.Options).ShouldBe(quantity);
    }

    [Property]
    public void prices_come_back_from_their_spelling(UnitPrice price)
    {
        var json = JsonSerializer.Serialize(price, ContractsJson.Options);

        json.ShouldBe($"\"{price}\"");
        JsonSerializer.Deserialize<UnitPrice>(json, ContractsJson.Options).ShouldBe(price);
    }

    [Property]
    public void quantities_add_up_or_are_refused(Quantity left, Quantity right)
    {
        var exact = (BigInteger)left.Billionths + right.Billionths;

        if (BigInteger.Abs(exact) > Generators.Largest) Should.Throw<OverflowException>(() => left + right);
        else ((BigInteger)(left + right).Billionths).ShouldBe(exact);

        (Quantity.Min(left, right) <= Quantity.Max(left, right)).ShouldBeTrue();
    }

    [TestCase("0.0000000001")]
    [TestCase("1.0")]
    [TestCase("1e3")]
    [TestCase("+1")]
    [TestCase("")]
    [TestCase("100000000000000000000000000000")]
    public void a_quantity_has_nine_decimals_and_one_spelling(string text) =>
        Text.TryRead<Quantity>(text, out _).ShouldBeFalse();

    [Test]
    public void the_default_quantity_is_zero() => default(Quantity).ToString().ShouldBe("0");
}
