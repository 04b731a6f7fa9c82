using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Subscriptions;

/// <summary>Whether a plan can be had at a moment in a currency.</summary>
internal static class PlanChecks
{
    public static IEnumerable<Refusal> Of(
        PlanId plan, Currency? currency, DateTimeOffset from, CatalogState state)
    {
        if (!state.Plans.TryGetValue(plan, out var known)) yield break; // refused as unknown by others

        if (known.InForce(from) is not { } version)
            yield return new("plan-not-yet", "from", $"Plan {plan} begins at {known.Versions[0].From:u}.");
        else if (currency is { } wanted && version.BaseFees.Count > 0
            && version.BaseFees.All(fee => fee.Currency != wanted))
            yield return new("plan-not-sold-in-currency", "currency",
                $"Plan {plan} is sold in {string.Join(", ", version.BaseFees.Select(fee => fee.Currency))}, "
                + $"not in {wanted}.");
    }
}
