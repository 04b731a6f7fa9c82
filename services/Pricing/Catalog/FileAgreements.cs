using Billing.Contracts.Values;
using Billing.Pricing.Agreements;

namespace Billing.Pricing.Catalog;

/// <summary>What was agreed with tenants, from and to a catalog file.</summary>
internal static class FileAgreements
{
    /// <summary>A row without a quantity that is no end would end what somebody forgot to write.</summary>
    public static CatalogDecision Decide(
        CatalogFile.TenantAllowance row, CatalogState state, Author author, DateTimeOffset now) =>
        row.Quantity is null != row.IsEnd
            ? CatalogDecision.Refuse(new Refusal(
                "quantity-or-end", "quantity",
                "An allowance has a quantity, or it is an end (isEnd) and has none."))
            : SetAllowance.Decide(Command(row, state, author, now), state, now);

    // A moment that a file leaves open is the one that the catalog has, so that the same file says the same
    // again. A moment that it names is meant, also where it is over.
    private static SetAllowance.Command Command(
        CatalogFile.TenantAllowance row, CatalogState state, Author author, DateTimeOffset now)
    {
        var known = state.Allowances.GetValueOrDefault(new(row.Tenant, row.Meter, row.Plan), []);
        var command = new SetAllowance.Command(
            row.Tenant, row.Meter, row.IsEnd ? null : row.Quantity,
            row.From ?? known.LastOrDefault()?.From ?? now, author, row.Plan, row.Until,
            IsBackdated: row.From is not null, IsOfList: true);
        return row.From is null && !SetAllowance.SaysTheSame(command, state)
            ? command with { From = now }
            : command;
    }

    public static SetFee.Command Command(
        CatalogFile.TenantFee row, CatalogState state, Author author, DateTimeOffset now)
    {
        var known = state.Fees.GetValueOrDefault(new(row.Tenant, row.Fee.Currency, row.Plan), []);
        var command = new SetFee.Command(
            row.Tenant, row.Fee.Currency, row.IsEnd ? null : row.Fee,
            row.From ?? known.LastOrDefault()?.From ?? now, author, row.Plan, row.Until,
            IsBackdated: row.From is not null, IsOfList: true);
        return row.From is null && !SetFee.SaysTheSame(command, state)
            ? command with { From = now }
            : command;
    }

    /// <summary>All that is agreed, with its past: from when on counts for usage that comes late.</summary>
    public static IReadOnlyList<CatalogFile.Placed<CatalogFile.TenantAllowance>> Allowances(
        CatalogState state) =>
    [
        .. state.Allowances.Keys
            .OrderBy(scope => $"{scope.Tenant} {scope.Meter} {scope.Plan}", StringComparer.Ordinal)
            .SelectMany(scope => AgreedSpans.Standing(
                [.. state.Allowances[scope].Select(set => new AgreedFrom<Quantity>(set.From, set.Quantity))])
                .Select(row => new CatalogFile.TenantAllowance(
                    scope.Tenant, scope.Meter, row.Value, scope.Plan, row.From, IsEnd: row.Value is null)))
            .Select((row, index) =>
                new CatalogFile.Placed<CatalogFile.TenantAllowance>(0, $"tenantAllowances[{index}]", row)),
    ];

    public static IReadOnlyList<CatalogFile.Placed<CatalogFile.TenantFee>> Fees(CatalogState state) =>
    [
        .. state.Fees.Keys
            .OrderBy(scope => $"{scope.Tenant} {scope.Currency} {scope.Plan}", StringComparer.Ordinal)
            .SelectMany(scope => AgreedSpans.Standing(
                [.. state.Fees[scope].Select(set => new AgreedFrom<Amount>(set.From, set.Fee))])
                .Select(row => new CatalogFile.TenantFee(
                    scope.Tenant, row.Value ?? Amount.Zero(scope.Currency), scope.Plan, row.From,
                    IsEnd: row.Value is null)))
            .Select((row, index) =>
                new CatalogFile.Placed<CatalogFile.TenantFee>(0, $"tenantFees[{index}]", row)),
    ];
}
