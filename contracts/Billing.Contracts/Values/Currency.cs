using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>
/// A currency of ISO 4217. The default value is no currency, and every use of it is refused.
/// </summary>
[JsonConverter(typeof(TextJson<Currency>))]
public readonly record struct Currency : IText<Currency>
{
    private readonly byte place; // in the table, from 1

    private Currency(byte place) => this.place = place;

    public static int LongestText => 3;

    /// <summary>All that the table has, in the order of their codes.</summary>
    public static IReadOnlyList<Currency> All { get; } =
        [.. Enumerable.Range(1, CurrencyTable.Rows.Count).Select(place => new Currency((byte)place))];

    /// <summary>Three capital letters: <c>EUR</c>.</summary>
    public string Code => Row.Code;

    /// <summary>Three digits: <c>978</c>.</summary>
    public string Number => Row.Number;

    /// <summary>ISO's exponent: 2 for EUR, 0 for JPY and XOF, 3 for KWD.</summary>
    public int MinorUnits => Row.MinorUnits;

    /// <summary>
    /// The exponent of an amount in Stripe's API, which is not always ISO's. Null where Stripe does not take
    /// it.
    /// </summary>
    public int? StripeMinorUnits => Row.StripeMinorUnits;

    /// <summary>What an amount in Stripe's API must divide by: 100 for ISK, 10 for KWD, mostly 1.</summary>
    public int? StripeMultipleOf => Row.StripeMultipleOf;

    public string Name => Row.Name;

    private CurrencyTable.Row Row =>
        place > 0
            ? CurrencyTable.Rows[place - 1]
            : throw new InvalidOperationException("There is no currency here.");

    /// <exception cref="FormatException">Not the code of a known currency, in capitals.</exception>
    public static Currency Of(string code) => Text.Read<Currency>(code);

    public static bool TryRead(ReadOnlySpan<char> text, out Currency value)
    {
        var places = CurrencyTable.Places.GetAlternateLookup<ReadOnlySpan<char>>();
        var isKnown = places.TryGetValue(text, out var place);
        value = new(place);
        return isKnown;
    }

    public int Write(Span<char> into)
    {
        Code.CopyTo(into);
        return LongestText;
    }

    /// <exception cref="InvalidOperationException">Two currencies, or none.</exception>
    internal Currency Shared(Currency other) =>
        this == other && place > 0
            ? this
            : throw new InvalidOperationException($"{this} and {other} do not mix.");

    /// <exception cref="InvalidOperationException">The empty default.</exception>
    internal Currency Given() => Shared(this);

    public override string ToString() => Text.Of(this);
}

/// <summary>currencies.csv of this assembly, whose head names where it is from.</summary>
internal static class CurrencyTable
{
    public static IReadOnlyList<Row> Rows { get; } = [.. Lines().Select(Read)];

    public static FrozenDictionary<string, byte> Places { get; } =
        Rows.Select((row, index) => (row.Code, Place: (byte)(index + 1)))
            .ToFrozenDictionary(row => row.Code, row => row.Place, StringComparer.Ordinal);

    private static IEnumerable<string> Lines()
    {
        using var stream = typeof(CurrencyTable).Assembly.GetManifestResourceStream("currencies.csv")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#').Skip(1)];
    }

    // Only the name, which is last, is quoted and may hold a comma.
    private static Row Read(string line)
    {
        var fields = line.Split(',', 6);
        return new(
            fields[0], fields[1], int.Parse(fields[2], CultureInfo.InvariantCulture),
            Optional(fields[3]), Optional(fields[4]), fields[5].Trim('"'));
    }

    private static int? Optional(string field) =>
        field.Length == 0 ? null : int.Parse(field, CultureInfo.InvariantCulture);

    internal sealed record Row(
        string Code,
        string Number,
        int MinorUnits,
        int? StripeMinorUnits,
        int? StripeMultipleOf,
        string Name);
}
