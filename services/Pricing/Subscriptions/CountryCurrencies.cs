using System.Collections.Frozen;
using Billing.Contracts.Values;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// The currency that is proposed for a country when a subscription is made: country-currencies.csv of this
/// assembly. A proposal only; any currency that the plan is sold in may be taken.
/// </summary>
public static class CountryCurrencies
{
    private static readonly FrozenDictionary<string, Currency> ByCountry = Lines()
        .SelectMany(line => line.Countries.Select(country => (country, line.Currency)))
        .ToFrozenDictionary(pair => pair.country, pair => pair.Currency, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Countries => ByCountry.Keys;

    /// <summary>Null where no proposal is known.</summary>
    public static Currency? Find(string country) =>
        ByCountry.TryGetValue(country, out var currency) ? currency : null;

    // currency,countries with blanks between them
    private static IEnumerable<(Currency Currency, string[] Countries)> Lines()
    {
        using var stream = typeof(CountryCurrencies).Assembly
            .GetManifestResourceStream("country-currencies.csv")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(line => line.TrimEnd('\r').Split(','))
            .Select(fields => (Currency.Of(fields[0]), fields[1].Split(' ')))];
    }
}
