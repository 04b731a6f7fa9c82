using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>
/// Meters, plans, prices, and what was agreed with tenants, as people write them into a file. One form for
/// JSON and CSV.
/// </summary>
public sealed record CatalogFile(
    IReadOnlyList<CatalogFile.Placed<CatalogFile.Meter>> Meters,
    IReadOnlyList<CatalogFile.Placed<CatalogFile.Plan>> Plans,
    IReadOnlyList<CatalogFile.Placed<CatalogFile.Price>> Prices)
{
    public static CatalogFile Empty { get; } = new([], [], []);

    public IReadOnlyList<Placed<TenantAllowance>> TenantAllowances { get; init; } = [];

    public IReadOnlyList<Placed<TenantFee>> TenantFees { get; init; } = [];

    /// <summary>The same with other names, so that two files which share some do not mean the same.</summary>
    /// <param name="prefix">Before every name of a meter, plan and price; tenants are who they are.</param>
    public CatalogFile Under(string prefix)
    {
        return new(
            [.. Meters.Select(meter => meter with { Value = meter.Value with { Id = Of(meter.Value.Id) } })],
            [.. Plans.Select(plan => plan with { Value = Named(plan.Value) })],
            [.. Prices.Select(price => price with { Value = NamedPrice(price.Value) })])
        {
            TenantAllowances = [.. TenantAllowances.Select(row => row with
            {
                Value = row.Value with { Meter = Of(row.Value.Meter), Plan = OfSome(row.Value.Plan) },
            })],
            TenantFees = [.. TenantFees.Select(row => row with
            {
                Value = row.Value with { Plan = OfSome(row.Value.Plan) },
            })],
        };

        MeterId Of(MeterId meter) => MeterId.Of($"{prefix}{meter}");

        PlanId? OfSome(PlanId? plan) => plan is { } known ? OfPlan(known) : null;

        PlanId OfPlan(PlanId plan) => PlanId.Of($"{prefix}{plan}");

        Plan Named(Plan plan) => plan with
        {
            Id = OfPlan(plan.Id),
            Included = plan.Included?.Select(part => part with { Meter = Of(part.Meter) }).ToList(),
        };

        Price NamedPrice(Price price) => price with
        {
            Id = PriceRuleId.Of($"{prefix}{price.Id}"),
            Meter = Of(price.Meter),
            Plan = OfSome(price.Plan),
        };
    }

    /// <param name="Line">Of the file, from 1: where it begins.</param>
    /// <param name="Field">Where it is in the file: <c>prices[3]</c>; empty in CSV.</param>
    public sealed record Placed<T>(int Line, string Field, T Value);

    public sealed record Meter(
        MeterId Id,
        string EventType,
        string Unit,
        Aggregation Aggregation,
        string? Property = null,
        Properties? Filter = null,
        IReadOnlyList<string>? Dimensions = null);

    /// <param name="From">Null: from the moment of the import on.</param>
    public sealed record Plan(
        PlanId Id,
        string Name,
        IReadOnlyList<Amount>? BaseFees = null,
        IReadOnlyList<AllowanceV1>? Included = null,
        DateTimeOffset? From = null);

    /// <param name="From">Null: from the moment of the import on.</param>
    public sealed record Price(
        PriceRuleId Id,
        MeterId Meter,
        Currency Currency,
        PriceModelV1 Model,
        PlanId? Plan = null,
        string? Country = null,
        TenantId? Tenant = null,
        Properties? Where = null,
        Amount? MinimumCommitment = null,
        Amount? MaximumCap = null,
        DateTimeOffset? From = null,
        DateTimeOffset? Until = null);

    /// <param name="Quantity">Null only at an end.</param>
    /// <param name="Plan">While the tenant has this plan; null: whatever it has.</param>
    /// <param name="From">Null: from the moment of the import on.</param>
    /// <param name="Until">Afterwards what held before goes on.</param>
    /// <param name="IsEnd">What the plan includes counts again.</param>
    public sealed record TenantAllowance(
        TenantId Tenant,
        MeterId Meter,
        Quantity? Quantity = null,
        PlanId? Plan = null,
        DateTimeOffset? From = null,
        DateTimeOffset? Until = null,
        bool IsEnd = false);

    /// <param name="Plan">While the tenant has this plan; null: whatever it has.</param>
    /// <param name="From">Null: from the moment of the import on.</param>
    /// <param name="Until">Afterwards what held before goes on.</param>
    /// <param name="IsEnd">The fee of the plan, in the currency of this one, counts again.</param>
    public sealed record TenantFee(
        TenantId Tenant,
        Amount Fee,
        PlanId? Plan = null,
        DateTimeOffset? From = null,
        DateTimeOffset? Until = null,
        bool IsEnd = false);
}

/// <summary>One thing that is wrong with a file.</summary>
/// <param name="Line">From 1; 0: the file as a whole.</param>
/// <param name="Field">The path in JSON, the column in CSV.</param>
public sealed record FileError(int Line, string Field, string Message)
{
    public override string ToString() =>
        Field.Length == 0 ? $"line {Line}: {Message}" : $"line {Line}, {Field}: {Message}";
}

/// <summary>What was read, and everything that was wrong with the rest.</summary>
public sealed record FileRead(CatalogFile File, IReadOnlyList<FileError> Errors);
