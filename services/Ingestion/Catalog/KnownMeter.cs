using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Ingestion.Usage;

namespace Billing.Ingestion.Catalog;

/// <summary>What of a meter decides which events it takes, and what it takes from them.</summary>
/// <param name="Property">The one that it aggregates; null: it counts events.</param>
/// <param name="Filter">All of them have to be there, with these values.</param>
public sealed record KnownMeter(
    MeterId Id, string EventType, string Unit, Aggregation Aggregation, string? Property,
    IReadOnlyList<KeyValuePair<string, string>> Filter)
{
    public string Name => Id.ToString();

    public bool Takes(UsageEvent usage)
    {
        foreach (var (name, value) in Filter)
            if (usage.Find(name) != value) return false;

        return true;
    }
}
