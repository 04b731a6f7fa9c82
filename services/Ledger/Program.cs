using Billing.Contracts;
using Billing.Ledger;
using Billing.Ledger.Projections;
using Billing.Ledger.Queries;
using Billing.Ledger.Rebuild;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults;

if (args is [RebuildLedger.Verb, ..]) return await RebuildLedger.Run(args);

// What is owed, and why.
return await ServiceHost.Create(args, Resources.Ledger, typeof(Program).Assembly)
    .With(LedgerStore.Add)
    .With(LedgerPath.Add)
    .With(LedgerProjections.Add)
    .With(LedgerRequests.Add)
    .Map(LedgerRequests.Map)
    .Map(LedgerQuestions.Map)
    .Run();
