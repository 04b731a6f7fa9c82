using Billing.AppHost;
using Billing.AppHost.Infrastructure;
using Billing.Contracts;
using Billing.LocalTools;

try
{
    var stack = Stack.On(DistributedApplication.CreateBuilder(args));

    // What we run on: given, a container, or what is installed here (docs/adr/0006).
    var postgres = Postgres.Take(stack);
    var kafka = Kafka.Take(stack);

    // What owns data: a database per service.
    var ingestionStore = postgres.Store(Resources.Ingestion);
    var pricingStore = postgres.Store(Resources.Pricing);
    var ledgerStore = postgres.Store(Resources.Ledger);
    var invoicingStore = postgres.Store(Resources.Invoicing);
    var stripeSyncStore = postgres.Store(Resources.StripeSync);
    var consoleStore = postgres.Store(Resources.Console);

    // The pipeline, in the order in which an event passes it.
    var ingestion = stack.AddService("Ingestion").On(kafka, ingestionStore);     // usage in, once
    var pricing = stack.AddService("Pricing").On(kafka, pricingStore);           // usage → ratings
    var ledger = stack.AddService("Ledger").On(kafka, ledgerStore);              // ratings → entries
    var invoicing = stack.AddService("Invoicing").On(kafka, invoicingStore);     // entries → invoices
    var stripeSync = stack.AddService("StripeSync").On(kafka, stripeSyncStore);  // invoices ↔ Stripe

    // What people look at.
    stack.AddService("Console").On(kafka, consoleStore)
        .Asking(ingestion, pricing, ledger, invoicing, stripeSync);

    return await stack.Run();
}
catch (PreparationFailed refused)
{
    Console.Error.WriteLine(refused.Message);
    return 1;
}
