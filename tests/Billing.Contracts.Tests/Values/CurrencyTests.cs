using System.Text.Json;
using Billing.Contracts.Values;

namespace Billing.Contracts.Tests.Values;

public class CurrencyTests
{
    [TestCase("USD", "840", 2, 2, 1)]
    [TestCase("XOF", "952", 0, 0, 1)]
    [TestCase("JPY", "392", 0, 0, 1)]
    [TestCase("KWD", "414", 3, 3, 10)]
    [TestCase("ISK", "352", 0, 2, 100)]
    [TestCase("UGX", "800", 0, 2, 100)]
    [TestCase("MGA", "969", 2, 0, 1)]
    public void exponents_are_those_of_iso_and_of_stripe(string code, string number, int iso, int? stripe, int? multiple)
    {
        var currency = Currency.Of(code);

        (currency.Code, currency.Number, currency.MinorUnits).ShouldBe((code, number, iso));
        (currency.StripeMinorUnits, currency.StripeMultipleOf).ShouldBe((stripe, multiple));
    }

    [Test]
    public void the_table_is_whole()
    {
        Currency.All.Count.ShouldBe(155);
        Currency.All.Select(currency => currency.Code).ShouldBeUnique();
        Currency.All.Select(currency => currency.Number).ShouldBeUnique();
        Currency.All.ShouldAllBe(currency => currency.MinorUnits >= 0 && currency.MinorUnits <= 4);
        Currency.All.ShouldAllBe(currency => currency.StripeMinorUnits.HasValue == currency.StripeMultipleOf.HasValue);
        Currency.All.ShouldAllBe(currency => Currency.Of(currency.Code) == currency);
        Currency.Of("AED").Name.ShouldBe("United Arab Emirates Dirham");
    }

    [TestCase("usd")]
    [TestCase("US")]
    [TestCase("USDX")]
    [TestCase("")]
    [TestCase("XXX")]
    [TestCase("840")]
    public void only_known_codes_in_capitals_are_currencies(string code)
    {
        Should.Throw<FormatException>(() => Currency.Of(code));
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<Currency>($"\"{code}\"", ContractsJson.Options));
    }

    [Test]
    public void there_is_no_default_currency()
    {
        Should.Throw<InvalidOperationException>(() => default(Currency).Code);
        Should.Throw<InvalidOperationException>(() => default(Currency).MinorUnits);
        Should.Throw<InvalidOperationException>(() => JsonSerializer.Serialize(default(Currency), ContractsJson.Options));
        default(Currency).ToString().ShouldBe("(none)");
    }
}
