using System.Diagnostics.Metrics;

namespace Billing.Quota;

/// <summary>Meter <c>Billing.Quota</c>: whether people are stopped, and whether anybody answers.</summary>
internal static class QuotaMetrics
{
    private static readonly Meter Meter = new("Billing.Quota");

    private static readonly Counter<long> Checks = Meter.CreateCounter<long>(
        "billing.quota.checks", "{check}", "Decisions, by verdict and reason.");

    private static readonly Counter<long> NoAnswers = Meter.CreateCounter<long>(
        "billing.quota.unanswered", "{call}", "Calls of the service that brought no answer.");

    public static void Count(QuotaDecision decision) => Checks.Add(
        1, new("verdict", decision.Verdict.ToString()), new("reason", decision.Reason));

    public static void Unanswered() => NoAnswers.Add(1);
}
