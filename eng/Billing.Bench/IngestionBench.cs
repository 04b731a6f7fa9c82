namespace Billing.Bench;

/// <summary>Ingestion, from Kafka and over HTTP.</summary>
internal static class IngestionBench
{
    public static async Task Run(Settings settings, Report report, CancellationToken cancellation)
    {
        await using var bench = await Installation.Start(report, cancellation);
        if (settings.Minutes > 0)
        {
            await EvenLoad.Measure(bench, settings, report, cancellation);
            return;
        }

        if (settings.MeasuresHttp) await HttpRuns.Measure(bench, settings, report, cancellation);
        if (settings.MeasuresKafka) await KafkaRuns.Measure(bench, settings, report, cancellation);
    }
}
