using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Prices;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Overage;

/// <summary>What units over the limit would cost, by themselves, at a moment. Saves nothing.</summary>
public static class PreviewPrice
{
    /// <param name="Currency">Null: proposed from the country.</param>
    public sealed record Question(
        MeterId Meter,
        Quantity Units,
        DateTimeOffset At,
        PlanId? Plan = null,
        string? Country = null,
        Currency? Currency = null,
        TenantId? Tenant = null,
        Properties? Dimensions = null);

    /// <param name="Amount">Exact. Null where it is refused.</param>
    /// <param name="Rounded">As it would stand on an invoice by itself.</param>
    public sealed record Answer(
        Amount? Amount, Money? Rounded, RatingTraceV1? Trace, IReadOnlyList<Refusal> Refusals);

    public static IReadOnlyList<Answer> Of(IReadOnlyList<Question> questions, CatalogState catalog) =>
        [.. questions.Select(question => Of(question, catalog))];

    public static Answer Of(Question question, CatalogState catalog)
    {
        if (!catalog.Meters.ContainsKey(question.Meter))
            return Refuse("unknown-meter", "meter", $"There is no meter {question.Meter}.");
        if (question.Units < Quantity.Zero)
            return Refuse("units-below-zero", "units", "There are no units below zero.");

        var country = question.Country ?? TenantOf(question, catalog)?.Country;
        var currency = question.Currency
            ?? (country is null ? null : Subscriptions.CountryCurrencies.Find(country));
        if (currency is not { } known)
            return Refuse("currency", "currency", "Name a currency, or a country that has one.");

        var scope = new PriceScope(question.Tenant ?? default, question.Meter, known, question.Plan, country);
        return catalog.Prices.TryFind(scope, question.At, question.Dimensions, out var match)
            ? Price(question, match)
            : Refuse("no-price", "meter",
                $"No price in {known} is in force for {question.Meter} at {question.At:u}.");
    }

    private static Answer Price(Question question, PriceMatch match)
    {
        var sheet = new Worksheet();
        try
        {
            var amount = UnitsPrice.Alone(match.Rule, question.Units, sheet);
            return new(amount, Rounding.ToMinorUnitsHalfEven(amount), new(
                sheet.Steps(), match.Rule.Rule, match.Rule.Version, match.Level,
                Amount.Zero(amount.Currency), amount), []);
        }
        catch (OverflowException)
        {
            return Refuse("too-large", "units", "That is beyond what can be reckoned with exactly.");
        }
    }

    private static Contracts.Catalog.TenantSetV1? TenantOf(Question question, CatalogState catalog) =>
        question.Tenant is { } tenant ? catalog.Tenants.GetValueOrDefault(tenant) : null;

    private static Answer Refuse(string type, string field, string message) =>
        new(null, null, null, [new(type, field, message)]);
}
