using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Agreements;

/// <summary>
/// What one tenant has included of a meter, from a moment on, instead of what its plan includes. From a
/// moment before now only when that is said: usage since then is rated anew.
/// </summary>
public static class SetAllowance
{
    /// <param name="Quantity">Null: what the plan includes counts again.</param>
    /// <param name="Until">Null: without an end.</param>
    /// <param name="IsOfList">Of a file, which says by itself where it ends.</param>
    public sealed record Command(
        TenantId Tenant, MeterId Meter, Quantity? Quantity, DateTimeOffset From, Author Author,
        PlanId? Plan = null, DateTimeOffset? Until = null, bool IsBackdated = false,
        bool IsOfList = false)
    {
        internal AllowanceScope Scope => new(Tenant, Meter, Plan);

        internal AgreedSpans.Wanted<Quantity> Wanted => new(Quantity, From, Until, IsBackdated, IsOfList);
    }

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var spans = Known(command, state);
        var facts = AgreedSpans.New(command.Wanted, spans);
        if (facts.Count == 0) return CatalogDecision.AlreadySo;

        List<Refusal> refusals =
        [
            .. command.Author.Check(), .. Check(command, state),
            .. AgreedSpans.Check(command.Wanted, spans, now),
        ];
        if (refusals.Count > 0) return CatalogDecision.Refuse(refusals);

        return CatalogDecision.Record([.. facts.Select((set, place) => new TenantAllowanceSetV1(
            command.Tenant, command.Meter, spans.Count + place + 1, set.From, command.Author.At(now),
            set.Value, command.Plan))]);
    }

    public static bool SaysTheSame(Command command, CatalogState state) =>
        AgreedSpans.New(command.Wanted, Known(command, state)).Count == 0;

    private static List<AgreedFrom<Quantity>> Known(Command command, CatalogState state) =>
    [
        .. state.Allowances.GetValueOrDefault(command.Scope, [])
            .Select(set => new AgreedFrom<Quantity>(set.From, set.Quantity)),
    ];

    private static IEnumerable<Refusal> Check(Command command, CatalogState state)
    {
        if (!state.Tenants.ContainsKey(command.Tenant))
            yield return new("unknown-tenant", "tenant", $"There is no tenant {command.Tenant}.");
        if (!state.Meters.ContainsKey(command.Meter))
            yield return new("unknown-meter", "meter", $"There is no meter {command.Meter}.");
        if (command.Plan is { } plan && !state.Plans.ContainsKey(plan))
            yield return new("unknown-plan", "plan", $"There is no plan {plan}.");
        if (command.Quantity is { } quantity && quantity < Quantity.Zero)
            yield return new("allowance-below-zero", "quantity", $"{quantity} is below zero.");
    }
}
