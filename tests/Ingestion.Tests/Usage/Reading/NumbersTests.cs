using System.Globalization;
using System.Numerics;
using System.Text;
using Billing.Contracts.Values;
using Billing.Ingestion.Usage.Reading;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.NUnit;

namespace Billing.Ingestion.Tests.Usage.Reading;

[Properties(Arbitrary = [typeof(NumbersTests)])]
public class NumbersTests
{
    public sealed record Token(string Text);

    /// <summary>Numbers as JSON's grammar has them, with many zeros and exponents of all sizes.</summary>
    public static Arbitrary<Token> Tokens()
    {
        Gen<string> digits(int most) => Gen.Choose(0, most).SelectMany(count =>
            Gen.Frequency((3, Gen.Choose('0', '9')), (2, Gen.Constant((int)'0'))).ArrayOf(count)
                .Select(letters => string.Concat(letters.Select(letter => (char)letter))));
        return (
            from sign in Gen.Elements("", "-")
            from whole in digits(32).Select(text => text.TrimStart('0') is { Length: > 0 } rest ? rest : "0")
            from fraction in digits(22).Select(text => text.Length == 0 ? "" : "." + text)
            from exponent in Gen.Frequency(
                (3, Gen.Constant("")),
                (2, Gen.Choose(-40, 40).Select(number => $"e{number}")),
                (1, Gen.Choose(0, 200).Select(number => $"E+{number}")))
            select new Token(sign + whole + fraction + exponent)).ToArbitrary();
    }

    [Property(MaxTest = 3_000)]
    public void a_spelling_is_the_same_number_and_the_only_one(Token token)
    {
        var exact = Exact(token.Text);
        var isRead = Numbers.TrySpell(Encoding.ASCII.GetBytes(token.Text), out var spelling);

        if (!isRead)
        {
            (token.Text.Length > 64 || exact is null || !Fits(exact.Value)).ShouldBeTrue(token.Text);
            return;
        }

        Exact(spelling!).ShouldBe(exact, token.Text);
        spelling!.ShouldMatch(@"^-?(0|[1-9]\d*)(\.\d*[1-9])?$");
        spelling.ShouldNotBe("-0");
        Numbers.TrySpell(spelling!, out var again).ShouldBeTrue();
        again.ShouldBe(spelling);
        if (spelling!.Split('.') is [_] or [_, { Length: <= 9 }])
            Quantity.TryRead(spelling, out _).ShouldBeTrue(spelling);
    }

    [TestCase("")]
    [TestCase("-")]
    [TestCase("+1")]
    [TestCase("01")]
    [TestCase("1.")]
    [TestCase(".5")]
    [TestCase("1e")]
    [TestCase("1e+")]
    [TestCase("1e5x")]
    [TestCase("0x10")]
    [TestCase("NaN")]
    [TestCase("Infinity")]
    [TestCase("1 ")]
    [TestCase("1,5")]
    [TestCase("१")]
    [TestCase("1e99999999999999999999")]
    public void what_is_no_number_is_none(string text) => Numbers.TrySpell(text, out _).ShouldBeFalse();

    [TestCase("-0", "0")]
    [TestCase("0.000", "0")]
    [TestCase("0e5", "0")]
    [TestCase("5e-3", "0.005")]
    [TestCase("1.50", "1.5")]
    [TestCase("-12.340e1", "-123.4")]
    [TestCase("1e28", "10000000000000000000000000000")]
    public void one_number_one_spelling(string text, string spelling)
    {
        Numbers.TrySpell(text, out var spelled).ShouldBeTrue();
        spelled.ShouldBe(spelling);
    }

    private static bool Fits((BigInteger Mantissa, int Exponent) number)
    {
        var digits = BigInteger.Abs(number.Mantissa).ToString(CultureInfo.InvariantCulture).Length;
        return number.Exponent >= -18 && digits + number.Exponent <= 29;
    }

    /// <summary>Mantissa without zeros at its end, and exponent; null for exponents beyond all bounds.</summary>
    private static (BigInteger Mantissa, int Exponent)? Exact(string text)
    {
        var parts = text.Split('e', 'E');
        var exponent = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        if (Math.Abs(exponent) > 100) return null;

        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        if (point >= 0) exponent -= parts[0].Length - point - 1;
        var mantissa = BigInteger.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        if (mantissa == 0) return (0, 0);
        for (; mantissa % 10 == 0; exponent++) mantissa /= 10;
        return (mantissa, exponent);
    }
}
