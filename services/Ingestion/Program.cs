using Billing.Contracts;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;

// Takes usage in, once.
return await ServiceHost.Create(args, Resources.Ingestion, typeof(Program).Assembly)
    .With(ApiKeyAuthentication.Add)
    .Map(ManageApiKeys.Map)
    .Run();
