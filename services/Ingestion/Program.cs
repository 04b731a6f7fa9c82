using Billing.Contracts;
using Billing.Ingestion;
using Billing.Ingestion.Import;
using Billing.Ingestion.Questions;
using Billing.Ingestion.Retention;
using Billing.Ingestion.Usage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;

// Takes usage in, once.
return await ServiceHost.Create(args, Resources.Ingestion, typeof(Program).Assembly)
    .With(SocketThreads.GoOn)
    .With(ApiKeyAuthentication.Add)
    .With(IngestionPath.Add)
    .With(ImportUsage.Add)
    .With(RemoveOriginals.Add)
    .Map(ManageApiKeys.Map)
    .Map(PostEvents.Map)
    .Map(ImportUsage.Map)
    .Map(AllQuestions.Map)
    .Run();
