namespace Billing.Contracts;

/// <summary>Names that the AppHost gives and the services ask for. Written once, here.</summary>
public static class Resources
{
    public const string Ingestion = "ingestion";
    public const string Pricing = "pricing";
    public const string Ledger = "ledger";
    public const string Invoicing = "invoicing";
    public const string StripeSync = "stripe-sync";
    public const string Console = "console";

    public const string Postgres = "postgres";
    public const string Kafka = "kafka";

    public const string IngestionStore = "ingestion-store";
    public const string PricingStore = "pricing-store";
    public const string LedgerStore = "ledger-store";
    public const string InvoicingStore = "invoicing-store";
    public const string StripeSyncStore = "stripe-sync-store";
    public const string ConsoleStore = "console-store";

    /// <summary>In the order in which an event passes them; the Console last.</summary>
    public static IReadOnlyList<string> Services { get; } =
        [Ingestion, Pricing, Ledger, Invoicing, StripeSync, Console];

    /// <summary>The resource that stands for the database of a service: <c>ledger-store</c>.</summary>
    public static string Store(string service) => $"{service}-store";

    /// <summary>
    /// The run that migrates the database of a service before it starts: <c>ledger-migrations</c>.
    /// </summary>
    public static string Migrations(string service) => $"{service}-migrations";

    /// <summary>
    /// The database's name on the server, which SQL can write without quotes: <c>stripe_sync</c>.
    /// </summary>
    public static string Database(string service) => service.Replace('-', '_');

    /// <summary>The PostgreSQL role of a service: <c>stripe_sync_writer</c>.</summary>
    public static string Role(string service, string role) => $"{Database(service)}_{role}";

    /// <summary>The connection string with that role: <c>stripe-sync-writer</c>.</summary>
    public static string Connection(string service, string role) => $"{service}-{role}";
}
