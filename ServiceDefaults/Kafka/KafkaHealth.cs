using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Billing.ServiceDefaults.Kafka;

/// <summary>
/// Ready means that Kafka answers. The answer is kept for a moment, so that probing stays cheap.
/// </summary>
public sealed class KafkaHealth(KafkaConnection kafka, TimeProvider time) : IHealthCheck
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(5), Longest = TimeSpan.FromSeconds(2);

    private readonly Lock _asking = new();
    private (DateTimeOffset At, HealthCheckResult Result)? _last;

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetUtcNow() - last.At < Kept) return last.Result;
        return await Task.Run(Ask, cancellationToken);
    }

    private HealthCheckResult Ask()
    {
        lock (_asking)
        {
            if (_last is { } last && time.GetUtcNow() - last.At < Kept) return last.Result;

            var result = Try();
            // Bad news is not kept: whoever waits for the broker should hear of it at once.
            _last = result.Status == HealthStatus.Healthy ? (time.GetUtcNow(), result) : null;
            return result;
        }
    }

    private HealthCheckResult Try()
    {
        try
        {
            return kafka.Ask(Longest).Brokers.Count > 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("Kafka has no broker.");
        }
        catch (KafkaException)
        {
            return HealthCheckResult.Unhealthy("Kafka does not answer.");
        }
    }
}
