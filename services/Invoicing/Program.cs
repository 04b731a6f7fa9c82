using Billing.Contracts;
using Billing.ServiceDefaults;

// Turns closed periods into documents.
return await ServiceHost.Create(args, Resources.Invoicing, typeof(Program).Assembly).Run();
