using System.Globalization;
using Billing.Contracts.Values;

namespace Billing.Contracts.Usage;

/// <summary>The ids of usage facts: the same event and revision, the same id, for ever.</summary>
public static class UsageIds
{
    public static FactId Accepted(EventId usage, int revision) => Of("usage-accepted", usage, revision);

    public static FactId Canceled(EventId usage, int revision) => Of("usage-canceled", usage, revision);

    private static FactId Of(string kind, EventId usage, int revision) => new(DerivedId.From(
        kind, usage.Source, usage.Id, revision.ToString(CultureInfo.InvariantCulture)));
}
