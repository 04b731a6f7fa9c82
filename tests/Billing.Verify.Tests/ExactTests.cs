using System.Numerics;
using Billing.Verify.Recounting;

namespace Billing.Verify.Tests;

public class ExactTests
{
    [TestCase("0", "0")]
    [TestCase("1500", "1500000000000")]
    [TestCase("-0.000000001", "-1")]
    [TestCase("12.5", "12500000000")]
    public void a_quantity_is_read_to_its_last_digit(string text, string billionths)
    {
        Exact.Quantity(text).ShouldBe(BigInteger.Parse(billionths, null));
        Exact.Write(Exact.Quantity(text), Exact.QuantityDecimals).ShouldBe(text);
    }

    [Test]
    public void more_decimals_than_there_may_be_are_refused() =>
        Should.Throw<FormatException>(() => Exact.Quantity("0.0000000001"));

    [TestCase(5, 2, 2)]
    [TestCase(7, 2, 4)]
    [TestCase(-5, 2, -2)]
    [TestCase(-7, 2, -4)]
    [TestCase(-8, 3, -3)]
    [TestCase(8, -3, -3)]
    [TestCase(7, 3, 2)]
    public void a_tie_goes_to_the_even_neighbor(int number, int divisor, int expected) =>
        Exact.HalfEven(number, divisor).ShouldBe(expected);
}
