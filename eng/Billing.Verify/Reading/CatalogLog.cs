using System.Numerics;
using System.Text.Json;
using Billing.Verify.Recounting;

namespace Billing.Verify.Reading;

/// <summary>
/// Tenants, meters, plans, prices and subscriptions, read out of the facts that Pricing published, in their order.
/// </summary>
internal sealed class CatalogLog
{
    private readonly Dictionary<string, string> countries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Meter> meters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<PlanVersion>> plans = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RuleVersions> rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<SubscriptionState>> subscriptions = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Tenant, string Meter), List<SourceFrom>> sources = [];
    private readonly Dictionary<(string Tenant, string Meter), List<Agreed>> allowances = [];
    private readonly Dictionary<(string Tenant, string Currency), List<Agreed>> fees = [];

    public static CatalogLog Of(IEnumerable<StoredFact> facts)
    {
        var log = new CatalogLog();
        foreach (var fact in facts) log.Take(fact.WireName, fact.Body);
        return log;
    }

    public IReadOnlyDictionary<string, string> CountryOfTenant => countries;

    public IReadOnlyDictionary<string, Meter> Meters => meters;

    public IEnumerable<RuleVersions> Rules => rules.Values;

    public IReadOnlyDictionary<string, List<SubscriptionState>> Subscriptions => subscriptions;

    public IReadOnlyList<PlanVersion> Versions(string plan) => plans.GetValueOrDefault(plan, []);

    public PlanVersion? PlanAt(string plan, DateTimeOffset at) =>
        Versions(plan).LastOrDefault(version => version.From <= at);

    public IReadOnlyList<SourceFrom> Sources(string tenant, string meter) =>
        sources.GetValueOrDefault((tenant, meter), []);

    /// <summary>What was agreed with a tenant about what it has included of a meter, whatever its plan, in order.</summary>
    public IReadOnlyList<Agreed> Allowances(string tenant, string meter) =>
        allowances.GetValueOrDefault((tenant, meter), []);

    /// <summary>The same about the base fees that it pays in a currency.</summary>
    public IReadOnlyList<Agreed> AgreedFees(string tenant, string currency) =>
        fees.GetValueOrDefault((tenant, currency), []);

    /// <summary>Null before the first fact of it that has begun, and from its end on.</summary>
    public SubscriptionState? At(string subscription, DateTimeOffset at) =>
        subscriptions[subscription].LastOrDefault(state => state.From <= at) is { } state && !(state.Until <= at)
            ? state : null;

    /// <summary>The subscription that a tenant's use belongs to; null: none.</summary>
    public string? SubscriptionOf(string tenant, DateTimeOffset at) => subscriptions
        .Where(known => known.Value[0].Tenant == tenant).Select(known => known.Key)
        .FirstOrDefault(subscription => At(subscription, at) is not null);

    private void Take(string wireName, JsonElement fact)
    {
        switch (wireName)
        {
            case "billing.pricing.tenant-set.v1": countries[fact.Text("tenant")] = fact.Text("country"); break;
            case "billing.pricing.meter-set.v1": Put(Meter.Of(fact)); break;
            case "billing.pricing.plan-published.v1": Add(plans, fact.Text("plan"), PlanVersion.Of(fact)); break;
            case "billing.pricing.price-rule-published.v1": RulesOf(fact).Versions.Add(PriceRule.Of(fact)); break;
            case "billing.pricing.price-rule-retired.v1": RulesOf(fact).RetiredFrom = fact.Moment("from"); break;
            case "billing.pricing.subscription-set.v1":
                Add(subscriptions, fact.Text("subscription"), SubscriptionState.Of(fact));
                break;
            case "billing.pricing.overage-source-set.v1":
                Add(sources, (fact.Text("tenant"), fact.Text("meter")),
                    new(fact.Moment("from"), fact.Text("source") == "reported"));
                break;
            case "billing.pricing.tenant-allowance-set.v1":
                Add(allowances, (fact.Text("tenant"), fact.Text("meter")), Agreed.Of(
                    fact, fact.Find("quantity") is { } quantity ? Exact.Quantity(quantity) : null));
                break;
            case "billing.pricing.tenant-fee-set.v1":
                Add(fees, (fact.Text("tenant"), fact.Text("currency")), Agreed.Of(fact, fact.FindPrice("fee")?.Count));
                break;
            case "billing.pricing.quota-limit-set.v1" or "billing.pricing.merge-window-set.v1": break; // not what it costs
            default:
                throw new NotSupportedException($"The catalog has a fact {wireName}, which nothing here knows.");
        }
    }

    private void Put(Meter meter) => meters[meter.Id] = meter;

    private RuleVersions RulesOf(JsonElement fact)
    {
        var id = fact.Text("rule");
        if (!rules.TryGetValue(id, out var known)) rules.Add(id, known = new(id));
        return known;
    }

    private static void Add<TKey, T>(Dictionary<TKey, List<T>> lists, TKey key, T one) where TKey : notnull
    {
        if (!lists.TryGetValue(key, out var list)) lists.Add(key, list = []);
        list.Add(one);
    }
}

/// <param name="Property">Null: it counts events.</param>
internal sealed record Meter(
    string Id, string EventType, string Aggregation, string? Property, IReadOnlyDictionary<string, string> Filter)
{
    public static Meter Of(JsonElement fact) => new(
        fact.Text("meter"), fact.Text("eventType"), fact.Text("aggregation"), fact.Find("property"),
        fact.Texts("filter"));
}

/// <param name="Included">Billionths, by meter.</param>
internal sealed record PlanVersion(
    DateTimeOffset From, IReadOnlyList<Priced> Fees, IReadOnlyDictionary<string, BigInteger> Included)
{
    public static PlanVersion Of(JsonElement fact) => new(
        fact.Moment("from"),
        [.. fact.GetProperty("baseFees").EnumerateArray().Select(fee => Priced.Read(fee.GetString()!))],
        fact.GetProperty("included").EnumerateArray()
            .ToDictionary(one => one.Text("meter"), one => one.Quantity("quantity"), StringComparer.Ordinal));
}

internal sealed record SubscriptionState(
    string Tenant,
    string Plan,
    string Country,
    string Currency,
    DateOnly Anchor,
    string TimeZone,
    DateTimeOffset From,
    DateTimeOffset? Until,
    DateTimeOffset? TrialUntil,
    DateTimeOffset DecidedAt)
{
    public static SubscriptionState Of(JsonElement fact) => new(
        fact.Text("tenant"), fact.Text("plan"), fact.Text("country"), fact.Text("currency"),
        DateOnly.FromDateTime(fact.GetProperty("anchor").Moment("day").UtcDateTime), fact.Text("timeZone"),
        fact.Moment("from"), fact.FindMoment("until"), fact.FindMoment("trialUntil"),
        fact.GetProperty("decision").Moment("at"));
}

/// <summary>From a moment on this holds for a tenant instead of what its plan says.</summary>
/// <param name="Plan">While it has this plan; null: whatever it has.</param>
/// <param name="Value">Billionths of a quantity, 10^-12 of a fee; null: nothing is agreed any more.</param>
/// <param name="DecidedAt">When it was.</param>
internal sealed record Agreed(string? Plan, DateTimeOffset From, BigInteger? Value, DateTimeOffset DecidedAt)
{
    public static Agreed Of(JsonElement fact, BigInteger? value) => new(
        fact.Find("plan"), fact.Moment("from"), value, fact.GetProperty("decision").Moment("at"));

    /// <summary>What is for the plan goes first; null: nothing is agreed.</summary>
    public static BigInteger? At(IReadOnlyList<Agreed> all, string? plan, DateTimeOffset at) =>
        (plan is null ? null : NewestOf(all, plan, at)) ?? NewestOf(all, null, at);

    private static BigInteger? NewestOf(IReadOnlyList<Agreed> all, string? plan, DateTimeOffset at) =>
        all.LastOrDefault(one => one.Plan == plan && one.From <= at)?.Value;
}

internal sealed record SourceFrom(DateTimeOffset From, bool IsReported);

/// <summary>A rule from its first version on.</summary>
internal sealed class RuleVersions(string id)
{
    public string Id => id;

    public List<PriceRule> Versions { get; } = [];

    public DateTimeOffset? RetiredFrom { get; set; }

    /// <summary>Of the versions that cover a moment the newest; null where the rule says nothing.</summary>
    public PriceRule? At(DateTimeOffset at) => RetiredFrom <= at
        ? null
        : Versions.LastOrDefault(version => version.From <= at && !(version.Until <= at));
}

internal sealed record PriceRule(
    string Rule,
    long Version,
    string Meter,
    string Currency,
    PriceModel Model,
    DateTimeOffset From,
    DateTimeOffset? Until,
    string? Plan,
    string? Country,
    string? Tenant,
    Priced? Minimum,
    Priced? Cap,
    IReadOnlyDictionary<string, string> Where)
{
    /// <summary>
    /// Usage under one spelling of dimension values shares tiers, packages, minimum and cap; lines are walked in the
    /// order of their spelling.
    /// </summary>
    public string Line { get; } = string.Join(
        ';', Where.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{Spell(pair.Key)}={Spell(pair.Value)}"));

    public static PriceRule Of(JsonElement fact) => new(
        fact.Text("rule"), fact.GetProperty("version").GetInt64(), fact.Text("meter"), fact.Text("currency"),
        PriceModel.Of(fact.GetProperty("model")), fact.Moment("from"), fact.FindMoment("until"), fact.Find("plan"),
        fact.Find("country"), fact.Find("tenant"), fact.FindPrice("minimumCommitment"), fact.FindPrice("maximumCap"),
        fact.Texts("where"));

    public bool Takes(IReadOnlyDictionary<string, string> properties) =>
        Where.All(pair => properties.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static string Spell(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("=", "\\=", StringComparison.Ordinal).Replace(";", "\\;", StringComparison.Ordinal);
}
