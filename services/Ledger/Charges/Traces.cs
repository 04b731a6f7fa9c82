using System.Text.Json;
using Billing.Contracts.Ratings;
using Billing.Ledger.Events;

namespace Billing.Ledger.Charges;

/// <summary>The arithmetic of a rating, from the wire into the store.</summary>
internal static class Traces
{
    private static readonly string[] Levels =
        [.. Enum.GetNames<PriceLevel>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName)];

    public static ChargeTrace Of(RatingTraceV1 trace)
    {
        var steps = new ChargeStep[trace.Steps.Count];
        for (var place = 0; place < steps.Length; place++) steps[place] = Of(trace.Steps[place]);

        return new(
            steps, trace.Rule, trace.RuleVersion, trace.Level is { } level ? Levels[(int)level] : null,
            trace.Before, trace.After);
    }

    private static ChargeStep Of(TraceStepV1 step) =>
        new(step.What, step.Amount, step.Units, step.Price, step.IsRounded ? true : null);
}
