using System.Runtime.InteropServices;
using Billing.Bench;
using Billing.Bench.EndToEnd;
using Billing.Bench.Ledger;
using Billing.Bench.Pricing;
using Billing.Bench.Quota;
using Billing.LocalTools;

// Started by ./billing bench, which builds everything for release first.
using var stop = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

try
{
    if (args is [BareQuota.Name, var connection, var address])
    {
        await BareQuota.Run(connection, address, stop.Token);
        return 0;
    }

    var asked = new Arguments(args);
    var report = new Report(asked.JsonFile);
    switch (asked.Bench)
    {
        case "ingestion": await IngestionBench.Run(Settings.Of(asked), report, stop.Token); break;
        case "pricing": await PricingBench.Run(asked, report, stop.Token); break;
        case "quota": await QuotaBench.Run(asked, report, stop.Token); break;
        case "ledger": await LedgerBench.Run(asked, report, stop.Token); break;
        case "end-to-end": await EndToEndBench.Run(asked, report, stop.Token); break;
        default: throw new BenchFailed("ingestion, pricing, quota, ledger or end-to-end is what can be measured.");
    }

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
