using System.Numerics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.NUnit;

namespace Billing.Pricing.Tests.Rating;

[Properties(Arbitrary = [typeof(Generators)])]
public class PriceModelTests
{
    private static readonly Currency Usd = Currency.Of("USD");

    private static readonly IReadOnlyList<TierV1> Tiers =
        [new(Quantity.Zero, Price("1")), new(Quantity.From(1_000), Price("0.5")), new(Quantity.From(5_000), Price("0.1"))];

    [Property(MaxTest = 2_000)]
    public void every_model_equals_the_oracle(PricedModel priced, Quantity units)
    {
        var expected = Oracle.UpTo(priced.Model, (BigInteger)units.Billionths, (BigInteger)units.Billionths);

        var amount = UnitsPrice.Of(priced.Model, Stretch.Of(units), null).ToAmount();

        amount.Currency.ShouldBe(priced.Currency);
        ((BigInteger)amount.Trillionths).ShouldBe(Oracle.ToTrillionths(expected));
        MinorUnits(amount).ShouldBe(Oracle.HalfEven(
            Oracle.ToTrillionths(expected), BigInteger.Pow(10, 12 - priced.Currency.MinorUnits)));
    }

    [Property(MaxTest = 1_000)]
    public void a_period_cut_in_two_costs_what_it_costs_in_one(PricedModel priced, Quantity one, Quantity other)
    {
        var (cut, end) = (Quantity.Min(one, other), Quantity.Max(one, other));

        var parts = UnitsPrice.Of(priced.Model, new(Quantity.Zero, cut, end), null)
            + UnitsPrice.Of(priced.Model, new(cut, end, end), null);

        parts.ShouldBe(UnitsPrice.Of(priced.Model, Stretch.Of(end), null));
    }

    [Property(MaxTest = 1_000)]
    public void units_given_back_give_back_what_they_cost(PricedModel priced, Quantity one, Quantity other)
    {
        var end = Quantity.Max(one, other);
        var there = UnitsPrice.Of(priced.Model, new(one, other, end), null);
        var back = UnitsPrice.Of(priced.Model, new(other, one, end), null);

        (there + back).ShouldBe(ExtendedPrice.Zero(priced.Currency));
    }

    [Property(MaxTest = 1_000)]
    public void steps_that_are_not_rounded_add_up_to_the_amount(PricedModel priced, Quantity units)
    {
        var sheet = new Worksheet();
        var amount = UnitsPrice.Of(priced.Model, Stretch.Of(units), sheet).ToAmount();
        var steps = sheet.Steps();

        if (steps.All(step => !step.IsRounded))
            Amount.Sum(steps.Select(step => step.Amount), priced.Currency).ShouldBe(amount);
        else steps.Count.ShouldBeGreaterThan(0);
    }

    [Property(MaxTest = 1_000)]
    public Property a_percentage_of_one_event_equals_the_oracle() => Prop.ForAll(
        Generators.Currencies.SelectMany(Generators.Percentages).ToArbitrary(), Generators.ForQuantity(), (model, quantity) =>
        {
            var fee = Percentage.Fee(model, quantity);

            ((BigInteger)fee.Trillionths).ShouldBe(Oracle.Fee(model, (BigInteger)quantity.Billionths));
            Percentage.Fee(model, -quantity).ShouldBe(-fee);
        });

    [Property(MaxTest = 500)]
    public void nothing_and_less_than_nothing_cost_nothing(PricedModel priced, Quantity units)
    {
        UnitsPrice.Of(priced.Model, Stretch.Of(Quantity.Zero), null).ShouldBe(ExtendedPrice.Zero(priced.Currency));
        UnitsPrice.Of(priced.Model, Stretch.Of(-units), null).ShouldBe(ExtendedPrice.Zero(priced.Currency));
    }

    [TestCase("999", "999 USD")]
    [TestCase("1000", "1000 USD")]
    [TestCase("1001", "1000.5 USD")]
    [TestCase("4999", "2999.5 USD")]
    [TestCase("5000", "3000 USD")]
    [TestCase("5001", "3000.1 USD")]
    [TestCase("1000.000000001", "1000.0000000005 USD")]
    public void graduated_tiers_change_for_the_unit_behind_the_edge(string units, string amount) =>
        UnitsPrice.Of(new PriceModelV1.Graduated(Tiers), Stretch.Of(Units(units)), null).ToAmount()
            .ShouldBe(Text.Read<Amount>(amount));

    [TestCase("999", "999 USD")]
    [TestCase("1000", "1000 USD")]
    [TestCase("1001", "500.5 USD")]
    [TestCase("5000", "2500 USD")]
    [TestCase("5001", "500.1 USD")]
    [TestCase("1000.000000001", "500.0000000005 USD")]
    public void volume_tiers_change_for_all_units_with_the_one_behind_the_edge(string units, string amount) =>
        UnitsPrice.Of(new PriceModelV1.Volume(Tiers), Stretch.Of(Units(units)), null).ToAmount()
            .ShouldBe(Text.Read<Amount>(amount));

    [TestCase("0", "0 USD")]
    [TestCase("0.000000001", "3 USD")]
    [TestCase("99", "3 USD")]
    [TestCase("100", "3 USD")]
    [TestCase("101", "6 USD")]
    public void a_begun_package_counts(string units, string amount) =>
        UnitsPrice.Of(new PriceModelV1.Package(Quantity.From(100), Money("3 USD")), Stretch.Of(Units(units)), null)
            .ToAmount().ShouldBe(Money(amount));

    [TestCase("1", "0.3 USD", TestName = "at least")]
    [TestCase("100", "2.9 USD", TestName = "in between")]
    [TestCase("1000", "5 USD", TestName = "at most")]
    [TestCase("0", "0 USD", TestName = "nothing")]
    public void a_percentage_has_a_least_and_a_most_for_each_event(string quantity, string fee) =>
        Percentage.Fee(new(Price("0.029"), Money("0.3 USD"), Money("5 USD")), Units(quantity)).ShouldBe(Money(fee));

    [Test]
    public void what_is_beyond_the_range_is_refused_and_not_approximated()
    {
        var model = new PriceModelV1.PerUnit(Price("1000000000"));

        Should.Throw<OverflowException>(() => UnitsPrice.Of(model, Stretch.Of(Units("1000000000")), null));
        Should.Throw<OverflowException>(() => UnitsPrice.Of(
            new PriceModelV1.Package(Units("0.000000001"), Money("100000 USD")), Stretch.Of(Units("1000000000")), null));
    }

    [Test]
    public void a_division_is_marked_in_the_trace()
    {
        var sheet = new Worksheet();

        var amount = Percentage.Price(Money("1 USD"), Units("3"), Units("1"), sheet).ToAmount();

        amount.ShouldBe(Money("0.333333333333 USD"));
        sheet.Steps().ShouldHaveSingleItem().IsRounded.ShouldBeTrue();
    }

    private static BigInteger MinorUnits(Amount amount) => Rounding.ToMinorUnitsHalfEven(amount).MinorUnits;

    private static UnitPrice Price(string price) => Text.Read<UnitPrice>(price + " USD");

    private static Amount Money(string amount) => Text.Read<Amount>(amount);

    private static Quantity Units(string units) => Text.Read<Quantity>(units);
}
