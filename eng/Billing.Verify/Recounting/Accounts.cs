using Billing.Verify.Reading;

namespace Billing.Verify.Recounting;

/// <summary>Which subscription, currency and period a use belongs to.</summary>
internal sealed class Accounts(CatalogLog catalog)
{
    private static readonly Lazy<Dictionary<string, string>> CurrencyOfCountry = new(ReadCurrencies);

    private readonly Dictionary<string, List<string>> subscriptionsOfTenant = catalog.Subscriptions
        .GroupBy(known => known.Value[0].Tenant, StringComparer.Ordinal)
        .ToDictionary(
            tenant => tenant.Key, tenant => tenant.Select(known => known.Key).ToList(), StringComparer.Ordinal);

    private readonly Dictionary<(string, string, DateTimeOffset), Account> known = [];

    /// <summary>Null where no currency is known for the tenant's country: the use waits.</summary>
    public Account? Of(string tenant, string meter, DateTimeOffset at)
    {
        var subscription = subscriptionsOfTenant.GetValueOrDefault(tenant, [])
            .FirstOrDefault(one => catalog.At(one, at) is not null);
        if (subscription is null)
            return catalog.CountryOfTenant.TryGetValue(tenant, out var country)
                && CurrencyOfCountry.Value.TryGetValue(country, out var currency)
                    ? Same(new(tenant, null, meter, currency, Calendar.CalendarMonth(at), "Etc/UTC")) : null;

        var first = catalog.Subscriptions[subscription][0];
        return Same(new(
            tenant, subscription, meter, first.Currency,
            Calendar.PeriodOf(at, first.Anchor, first.TimeZone), first.TimeZone));
    }

    // One object for each, so that they are quick keys.
    private Account Same(Account account)
    {
        var key = (account.Subscription ?? $"/{account.Tenant}", account.Meter, account.Period.Start);
        if (!known.TryGetValue(key, out var same)) known.Add(key, same = account);
        return same;
    }

    // currency,countries with blanks between them
    private static Dictionary<string, string> ReadCurrencies()
    {
        using var stream = typeof(Accounts).Assembly.GetManifestResourceStream("country-currencies.csv")!;
        using var text = new StreamReader(stream);
        return text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(line => line.TrimEnd('\r').Split(','))
            .SelectMany(fields => fields[1].Split(' ').Select(country => (Country: country, Currency: fields[0])))
            .ToDictionary(pair => pair.Country, pair => pair.Currency, StringComparer.Ordinal);
    }
}
