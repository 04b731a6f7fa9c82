using Billing.Contracts;
using Billing.Ledger.Charges;
using Billing.Ledger.Credits;
using Billing.Ledger.Invoices;
using Billing.Ledger.Payments;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults.UsagePath;
using Marten;

namespace Billing.Ledger;

/// <summary>What the Ledger reads, takes, keeps waiting and publishes.</summary>
public static class LedgerPath
{
    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<LedgerTransactions>().AddSingleton<HandOverEntries>();
        builder.Services.ConfigureMarten((provider, options) => options.Events.Subscribe(
            new PublishingEntries(provider.GetRequiredService<HandOverEntries>())));
        builder.AddUsagePath(path => path
            .Read<TakeCatalog>()
            .Read<TakeRatings>()
            .Read<TakeInvoicing>()
            .Read<TakePayments>()
            .Waits<RetryRatings>()
            .Publish(Topics.Entries)
            .Open(provider => provider.GetRequiredService<LedgerTransactions>().Begin));
        builder.Services.AddHostedService<RetryWaiting>().AddHostedService<EndDueCredit>();
    }
}
