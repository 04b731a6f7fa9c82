using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// A tenant subscribes to a plan. Country and currency are proposed where they are left out: the tenant's
/// country, and that country's currency. A tenant has one subscription at a time, so that usage belongs to
/// one.
/// </summary>
public static class StartSubscription
{
    /// <param name="Anchor">The local day that periods are counted from; null: calendar months.</param>
    /// <param name="RatedAlone">The latest use of the tenant that was rated without a subscription.</param>
    public sealed record Command(
        SubscriptionId Subscription,
        TenantId Tenant,
        PlanId Plan,
        DateTimeOffset From,
        Author Author,
        string TimeZone = "Etc/UTC",
        DateOnly? Anchor = null,
        string? Country = null,
        Currency? Currency = null,
        DateTimeOffset? TrialUntil = null,
        DateTimeOffset? RatedAlone = null);

    public static CatalogDecision Decide(
        Command command, CatalogState state, FindZone zones, DateTimeOffset now)
    {
        var tenant = state.Tenants.GetValueOrDefault(command.Tenant);
        var country = command.Country ?? tenant?.Country ?? "";
        var currency = command.Currency ?? CountryCurrencies.Find(country);
        var known = state.Subscriptions.GetValueOrDefault(command.Subscription);
        if (known is not null && SaysTheSame(command, country, currency, known.First))
            return CatalogDecision.AlreadySo;

        List<Refusal> refusals =
        [
            .. command.Author.Check(),
            .. CheckIds(command, known, tenant, state),
            .. CheckTerms(command, country, currency, state),
            .. CheckTime(command, zones, state),
        ];
        if (refusals.Count > 0) return CatalogDecision.Refuse(refusals);

        return CatalogDecision.Record(new SubscriptionSetV1(
            command.Subscription, command.Tenant, command.Plan, country, currency!.Value, Anchor(command),
            command.TimeZone, command.From, command.Author.At(now), TrialUntil: command.TrialUntil));
    }

    private static PeriodAnchor Anchor(Command command) =>
        command.Anchor is { } day ? new(day) : PeriodAnchor.CalendarMonth;

    private static bool SaysTheSame(
        Command command, string country, Currency? currency, SubscriptionSetV1 known) =>
        known with { Decision = known.Decision } == new SubscriptionSetV1(
            command.Subscription, command.Tenant, command.Plan, country, currency ?? default, Anchor(command),
            command.TimeZone, command.From, known.Decision, TrialUntil: command.TrialUntil);

    private static IEnumerable<Refusal> CheckIds(
        Command command, SubscriptionHistory? known, TenantSetV1? tenant, CatalogState state)
    {
        if (known is not null)
            yield return new("subscription-known", "subscription",
                $"Subscription {command.Subscription} exists already. Change it, or start one of another "
                + "name.");
        if (tenant is null)
            yield return new("unknown-tenant", "tenant", $"There is no tenant {command.Tenant}.");
        if (!state.Plans.ContainsKey(command.Plan))
            yield return new("unknown-plan", "plan", $"There is no plan {command.Plan}.");

        foreach (var id in state.SubscriptionsOf.GetValueOrDefault(command.Tenant, []))
        {
            var other = state.Subscriptions[id];
            if (id != command.Subscription && (other.Newest.Until is not { } until || until > command.From))
                yield return new("subscriptions-overlap", "from",
                    $"Subscription {id} of {command.Tenant} is not over by {command.From:u}. Change or "
                    + "cancel it instead.");
        }
    }

    private static IEnumerable<Refusal> CheckTerms(
        Command command, string country, Currency? currency, CatalogState state)
    {
        if (!CatalogFacts.IsCountry(country))
            yield return new("country", "country", "A country is two capital letters of ISO 3166, as FR.");
        else if (currency is null)
            yield return new("currency", "currency", $"No currency is known for {country}: name one.");

        foreach (var refusal in PlanChecks.Of(command.Plan, currency, command.From, state))
            yield return refusal;
    }

    private static IEnumerable<Refusal> CheckTime(Command command, FindZone zones, CatalogState state)
    {
        if (zones(command.TimeZone) is null)
            yield return new("time-zone", "timeZone", $"The time zone database has no {command.TimeZone}.");
        if (command.TrialUntil <= command.From)
            yield return new("trial-ends-before-it-begins", "trialUntil", "A trial ends after the start.");
        if (command.RatedAlone is { } rated && rated >= command.From)
            yield return new("rated-without", "from",
                $"Use up to {rated:u} was rated without a subscription. Start after that.");
    }
}
