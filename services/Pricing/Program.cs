using Billing.Contracts;
using Billing.ServiceDefaults;

// Turns accepted usage into ratings.
return await ServiceHost.Create(args, Resources.Pricing, typeof(Program).Assembly).Run();
