using Billing.Contracts.Values;

namespace Billing.Contracts.Ratings;

/// <summary>The arithmetic of one rating as it was done, to be read and never derived again.</summary>
/// <param name="Before">The total of meter and period before this fact.</param>
/// <param name="After">The total with it; the rating is the difference.</param>
public sealed record RatingTraceV1(
    IReadOnlyList<TraceStepV1> Steps,
    PriceRuleId? Rule = null,
    int? RuleVersion = null,
    PriceLevel? Level = null,
    Amount? Before = null,
    Amount? After = null);

/// <summary>One line of the arithmetic.</summary>
/// <param name="What">Tier, package, cap, allowance … in a word or two.</param>
/// <param name="IsRounded">The step ended at 12 decimals, half-even.</param>
public sealed record TraceStepV1(
    string What, Amount Amount, Quantity? Units = null, UnitPrice? Price = null, bool IsRounded = false);

/// <summary>How specific the price rule was that matched, most specific first.</summary>
public enum PriceLevel
{
    PlanCountryMeter,
    PlanMeter,
    CountryMeter,
    Meter,
}
