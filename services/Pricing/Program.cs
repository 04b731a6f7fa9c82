using Billing.Contracts;
using Billing.Pricing;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;

// Turns accepted usage into ratings.
return await ServiceHost.Create(args, Resources.Pricing, typeof(Program).Assembly)
    .With(PricingPath.Add)
    .With(ManageCatalog.Add)
    .Map(ManageCatalog.Map)
    .Map(PricingPath.Map)
    .Run();
