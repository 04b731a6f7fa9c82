using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Agreements;
using Billing.Pricing.Merging;
using Billing.Pricing.Overage;

namespace Billing.Pricing.Catalog.Scheduled;

/// <summary>Everything in the catalog that takes effect at a moment, over or to come.</summary>
public static class ScheduledChanges
{
    public static IEnumerable<ScheduledChange> Of(CatalogState state) =>
    [
        .. state.Plans.Values.SelectMany(Plans),
        .. state.Rules.Values.SelectMany(ScheduledPrices.Of),
        .. state.Subscriptions.Values.SelectMany(ScheduledSubscriptions.Of),
        .. state.OverageSources.Values.SelectMany(Sources),
        .. state.QuotaLimits.Values.SelectMany(Limits),
        .. state.MergeWindows.Values.SelectMany(Windows),
        .. state.Allowances.Values.SelectMany(Allowances),
        .. state.Fees.Values.SelectMany(Fees),
    ];

    private static IEnumerable<ScheduledChange> Plans(PlanHistory plan) =>
        Standing.Of(plan.Versions, version => version.From, PublishPlan.IsSame).Select(version =>
            new ScheduledChange(
                version.From, "plan", Text.Spell(version.Plan), null, version.Decision, "", decision =>
                    !IsLast(plan.Versions, version, one => one.From, PublishPlan.IsSame)
                        ? WithdrawScheduled.LaterFirst()
                    : plan.Versions.LastOrDefault(one => one.From < version.From) is not { } before
                        ? CatalogDecision.Refuse(new Refusal(
                            "first-one", "id", "Before its first version there is no plan to go back to."))
                        : CatalogDecision.Record(before with
                        {
                            Version = plan.Newest.Version + 1,
                            From = version.From,
                            Decision = decision,
                        })));

    private static IEnumerable<ScheduledChange> Sources(IReadOnlyList<OverageSourceSetV1> facts) =>
        Standing.Of(facts, fact => fact.From, SetOverageSource.IsSame).Select(set => new ScheduledChange(
            set.From, "overage source", Text.Spell(set.Tenant), set.Tenant, set.Decision,
            Text.Spell(set.Meter), decision => Undo(
                facts, set, fact => fact.From, SetOverageSource.IsSame, before => set with
                {
                    Source = before?.Source ?? SetOverageSource.Unsaid,
                    Decision = decision,
                })));

    private static IEnumerable<ScheduledChange> Limits(IReadOnlyList<QuotaLimitSetV1> facts) =>
        Standing.Of(facts, fact => fact.From, SetQuotaLimit.IsSame).Select(set => new ScheduledChange(
            set.From, "quota limit", Text.Spell(set.Meter), set.Tenant, set.Decision,
            $"{set.Plan}", decision => Undo(facts, set, fact => fact.From, SetQuotaLimit.IsSame, before =>
                (before ?? SetQuotaLimit.Without(set)) with
                {
                    From = set.From,
                    Decision = decision,
                })));

    private static IEnumerable<ScheduledChange> Windows(IReadOnlyList<MergeWindowSetV1> facts) =>
        Standing.Of(facts, fact => fact.From, SetMergeWindow.IsSame).Select(set => new ScheduledChange(
            set.From, "merge window", Text.Spell(set.Tenant), set.Tenant, set.Decision, "",
            decision => Undo(facts, set, fact => fact.From, SetMergeWindow.IsSame, before => set with
            {
                Window = before?.Window ?? MergeWindow.None,
                Decision = decision,
            })));

    private static IEnumerable<ScheduledChange> Allowances(IReadOnlyList<TenantAllowanceSetV1> facts) =>
        Standing.Of(facts, fact => fact.From, AllowanceView.IsSame).Select(set => new ScheduledChange(
            set.From, "allowance of a tenant", Text.Spell(set.Meter), set.Tenant, set.Decision,
            $"{set.Tenant} {set.Plan}", decision => Undo(
                facts, set, fact => fact.From, AllowanceView.IsSame, before => set with
                {
                    Version = facts.Count + 1,
                    Quantity = before?.Quantity,
                    Decision = decision,
                })));

    private static IEnumerable<ScheduledChange> Fees(IReadOnlyList<TenantFeeSetV1> facts) =>
        Standing.Of(facts, fact => fact.From, FeeView.IsSame).Select(set => new ScheduledChange(
            set.From, "base fee of a tenant", Text.Spell(set.Tenant), set.Tenant, set.Decision,
            $"{set.Currency} {set.Plan}", decision => Undo(
                facts, set, fact => fact.From, FeeView.IsSame, before => set with
                {
                    Version = facts.Count + 1,
                    Fee = before?.Fee,
                    Decision = decision,
                })));

    private static CatalogDecision Undo<T>(
        IReadOnlyList<T> facts, T set, Func<T, DateTimeOffset> from, Func<T?, T, bool> isSame,
        Func<T?, T> asBefore) where T : class => IsLast(facts, set, from, isSame)
            ? CatalogDecision.Record(asBefore(facts.LastOrDefault(fact => from(fact) < from(set))))
            : WithdrawScheduled.LaterFirst();

    // What was withdrawn before stands no more, and is not in the way.
    private static bool IsLast<T>(
        IReadOnlyList<T> facts, T set, Func<T, DateTimeOffset> from, Func<T?, T, bool> isSame)
        where T : class => ReferenceEquals(Standing.Of(facts, from, isSame).Last(), set);
}
