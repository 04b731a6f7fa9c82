using Billing.Contracts;
using Billing.ServiceDefaults;

// Keeps Stripe in step with our invoices.
return await ServiceHost.Create(args, Resources.StripeSync, typeof(Program).Assembly).Run();
