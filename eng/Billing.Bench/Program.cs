using System.Runtime.InteropServices;
using Billing.Bench;
using Billing.LocalTools;

// Started by ./billing bench, which builds everything for release first.
using var stop = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

try
{
    var settings = Settings.Parse(args);
    var report = new Report(settings);
    await using var bench = await Installation.Start(settings, report, stop.Token);
    if (settings.MeasuresHttp) await HttpRuns.Measure(bench, settings, report, stop.Token);
    if (settings.MeasuresKafka) await KafkaRuns.Measure(bench, settings, report, stop.Token);
    report.Finish();
    return report.IsSound ? 0 : 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("bench: interrupted.");
    return 130;
}
catch (Exception failed) when (failed is PreparationFailed or BenchFailed)
{
    Console.Error.WriteLine($"bench: {failed.Message}");
    return 1;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
