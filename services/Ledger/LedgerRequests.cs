using Billing.Ledger.Corrections;
using Billing.Ledger.Credits;
using Billing.Ledger.Payments;
using Billing.Ledger.Storage;
using Billing.Ledger.Suspense;

namespace Billing.Ledger;

/// <summary>What people may ask the Ledger to do.</summary>
public static class LedgerRequests
{
    public static void Add(WebApplicationBuilder builder) => builder.Services
        .AddSingleton<LedgerCommands>().AddSingleton<CorrectCharges>().AddSingleton<FindCharges>();

    public static void Map(WebApplication app)
    {
        CorrectionRequests.Map(app);
        BulkRequests.Map(app);
        CreditRequests.Map(app);
        EndCreditRequests.Map(app);
        WriteOffRequests.Map(app);
        ListSuspense.Map(app);
        ResolveSuspense.Map(app);
    }
}
