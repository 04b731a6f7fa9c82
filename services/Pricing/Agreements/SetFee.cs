using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Agreements;

/// <summary>
/// The base fee that one tenant pays, from a moment on, instead of its plan's: in mid-period for the days
/// from then on. From a moment before now only when that is said: the days since then are prorated.
/// </summary>
public static class SetFee
{
    /// <param name="Fee">Null: the plan's fee counts again.</param>
    /// <param name="Until">Null: without an end.</param>
    /// <param name="IsOfList">Of a file, which says by itself where it ends.</param>
    public sealed record Command(
        TenantId Tenant, Currency Currency, Amount? Fee, DateTimeOffset From, Author Author,
        PlanId? Plan = null, DateTimeOffset? Until = null, bool IsBackdated = false,
        bool IsOfList = false)
    {
        internal FeeScope Scope => new(Tenant, Currency, Plan);

        internal AgreedSpans.Wanted<Amount> Wanted => new(Fee, From, Until, IsBackdated, IsOfList);
    }

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var spans = Known(command, state);
        var facts = AgreedSpans.New(command.Wanted, spans);
        if (facts.Count == 0) return CatalogDecision.AlreadySo;

        List<Refusal> refusals =
        [
            .. command.Author.Check(), .. Check(command, state), .. CheckCurrency(command, state),
            .. AgreedSpans.Check(command.Wanted, spans, now),
        ];
        if (refusals.Count > 0) return CatalogDecision.Refuse(refusals);

        return CatalogDecision.Record([.. facts.Select((set, place) => new TenantFeeSetV1(
            command.Tenant, command.Currency, spans.Count + place + 1, set.From, command.Author.At(now),
            set.Value, command.Plan))]);
    }

    public static bool SaysTheSame(Command command, CatalogState state) =>
        AgreedSpans.New(command.Wanted, Known(command, state)).Count == 0;

    private static List<AgreedFrom<Amount>> Known(Command command, CatalogState state) =>
    [
        .. state.Fees.GetValueOrDefault(command.Scope, [])
            .Select(set => new AgreedFrom<Amount>(set.From, set.Fee)),
    ];

    private static IEnumerable<Refusal> Check(Command command, CatalogState state)
    {
        if (!state.Tenants.ContainsKey(command.Tenant))
            yield return new("unknown-tenant", "tenant", $"There is no tenant {command.Tenant}.");
        if (command.Plan is { } plan && !state.Plans.ContainsKey(plan))
            yield return new("unknown-plan", "plan", $"There is no plan {plan}.");
        if (command.Fee is { Trillionths: var fee } && fee < 0)
            yield return new("fee-below-zero", "fee", $"{command.Fee} is below zero.");
    }

    // A fee that nobody would ever be charged is a slip of the pen.
    private static IEnumerable<Refusal> CheckCurrency(Command command, CatalogState state)
    {
        if (command.Fee is { } fee && fee.Currency != command.Currency)
            yield return new("currency-mismatch", "fee", $"{fee} is not in {command.Currency}.");

        var paid = state.SubscriptionsOf.GetValueOrDefault(command.Tenant, [])
            .Select(id => state.Subscriptions[id].First.Currency).Distinct().ToList();
        if (paid.Count > 0 && !paid.Contains(command.Currency))
            yield return new("currency-mismatch", "fee",
                $"{command.Tenant} pays in {string.Join(", ", paid)}, never in {command.Currency}.");

        if (command.Plan is { } plan && state.Plans.TryGetValue(plan, out var known)
            && known.Newest.BaseFees is { Count: > 0 } fees
            && fees.All(one => one.Currency != command.Currency))
            yield return new("plan-not-sold-in-currency", "fee",
                $"Plan {plan} is sold in {string.Join(", ", fees.Select(one => one.Currency))}, not in "
                + $"{command.Currency}.");
    }
}
