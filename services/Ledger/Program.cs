using Billing.Contracts;
using Billing.ServiceDefaults;

// What is owed, and why.
return await ServiceHost.Create(args, Resources.Ledger, typeof(Program).Assembly).Run();
