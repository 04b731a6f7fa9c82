namespace Billing.Contracts;

/// <summary>
/// Every topic: who answers for it, who writes and reads it, what its messages are keyed by.
/// </summary>
public static class Topics
{
    /// <summary>
    /// Units over a quota, as the platform's limiter reports them. Plain JSON, not numbered.
    /// </summary>
    public const string QuotaExceeded = "quota_exceeded";

    /// <summary>Usage as CloudEvents, structured or binary, from platform services. Not numbered.</summary>
    public const string RawUsage = "billing.usage.raw.v1";

    /// <summary>Accepted usage and cancels, one fact an event and revision. Ingestion → Pricing.</summary>
    public const string Usage = "billing.ingestion.usage.v1";

    /// <summary>Everything with a price on it, and the answers to closing. Pricing → Ledger.</summary>
    public const string Ratings = "billing.pricing.ratings.v1";

    /// <summary>
    /// Tenants, meters, plans, prices and subscriptions, in the one order they were decided in.
    /// </summary>
    public const string Catalog = "billing.pricing.catalog.v1";

    /// <summary>Everything that the ledger booked or refused, in its order. Ledger → Invoicing.</summary>
    public const string Entries = "billing.ledger.entries.v1";

    /// <summary>What Invoicing asks (close, reopen, credit, void) and the documents it made.</summary>
    public const string Invoices = "billing.invoicing.invoices.v1";

    /// <summary>
    /// Money that Stripe says arrived, failed or went back. StripeSync → Ledger, Invoicing.
    /// </summary>
    public const string Payments = "billing.stripe-sync.payments.v1";

    /// <summary>"I miss these numbers": a reader asks the owner of a topic to publish them again.</summary>
    public const string ReplayRequests = "billing.replay-requests.v1";

    /// <summary>Each service says here that it has started.</summary>
    public const string Services = "billing.platform.services.v1";

    /// <summary>
    /// Of every topic of ours whose order matters for a tenant. Divides <see cref="Lanes.Count"/>.
    /// </summary>
    public const int Partitions = 8;

    /// <summary>Catalog facts have one order for all tenants, so one partition and one lane.</summary>
    public const int CatalogPartitions = 1;

    /// <summary>Lanes of a tenant topic; the same number as <see cref="Lanes.Count"/>.</summary>
    public const int LaneCount = Lanes.Count;

    /// <summary>The copy, for people, of what could not be read or applied. One partition.</summary>
    public static string Dlq(string topic) => $"{topic}.dlq";

    public static IReadOnlyList<Topic> All { get; } =
    [
        new(QuotaExceeded, Resources.Ingestion, [PlatformServices], [Resources.Ingestion],
            TopicKey.ProducersChoice),
        new(RawUsage, Resources.Ingestion, [PlatformServices], [Resources.Ingestion],
            TopicKey.ProducersChoice),
        new(Usage, Resources.Ingestion, [Resources.Ingestion], [Resources.Pricing], TopicKey.TenantId),
        new(Ratings, Resources.Pricing, [Resources.Pricing], [Resources.Ledger], TopicKey.TenantId),
        new(Catalog, Resources.Pricing, [Resources.Pricing],
            [Resources.Ingestion, Resources.Ledger, Resources.Invoicing, Resources.StripeSync],
            TopicKey.CatalogId, CatalogPartitions),
        new(Entries, Resources.Ledger, [Resources.Ledger], [Resources.Invoicing], TopicKey.TenantId),
        new(Invoices, Resources.Invoicing, [Resources.Invoicing],
            [Resources.Pricing, Resources.Ledger, Resources.StripeSync], TopicKey.TenantId),
        new(Payments, Resources.StripeSync, [Resources.StripeSync],
            [Resources.Ledger, Resources.Invoicing], TopicKey.TenantId),
        new(ReplayRequests, Resources.Ingestion, [.. Pipeline], [.. Pipeline], TopicKey.TopicAndLane),
        new(Services, Resources.Console, [.. Resources.Services], [Resources.Console], TopicKey.ServiceName),
    ];

    /// <summary>
    /// Stands for the writers of raw topics: services of the platform that is billed, not ours.
    /// </summary>
    public const string PlatformServices = "platform-services";

    private static string[] Pipeline =>
        [Resources.Ingestion, Resources.Pricing, Resources.Ledger, Resources.Invoicing, Resources.StripeSync];
}

/// <summary>A topic as the broker knows it, and the services on both its ends.</summary>
/// <param name="Owner">The service whose migration run makes the topic, and that answers for its
/// shape.</param>
public sealed record Topic(
    string Name,
    string Owner,
    IReadOnlyList<string> Writers,
    IReadOnlyList<string> Readers,
    TopicKey Key,
    int Partitions = Topics.Partitions);

/// <summary>What the key of a Kafka message holds.</summary>
public enum TopicKey
{
    /// <summary>The partition is that of the tenant's lane, set by the writer.</summary>
    TenantId,

    /// <summary>The id of the tenant, meter, plan, rule or subscription that the fact is about.</summary>
    CatalogId,

    /// <summary>Raw topics: whatever the producer puts there.</summary>
    ProducersChoice,

    /// <summary>Topic and lane that are asked for, as <c>topic/lane</c>.</summary>
    TopicAndLane,

    /// <summary>The service's resource name.</summary>
    ServiceName,
}
