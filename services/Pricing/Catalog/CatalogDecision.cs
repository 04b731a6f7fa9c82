using Billing.Contracts.Catalog;

namespace Billing.Pricing.Catalog;

/// <summary>What became of a wish to change the catalog: facts, or every reason why not.</summary>
public abstract record CatalogDecision
{
    private CatalogDecision() { }

    /// <summary>The catalog says so already; nothing happens.</summary>
    public static CatalogDecision AlreadySo { get; } = new Accepted([]);

    public static CatalogDecision Record(params IReadOnlyList<object> facts) => new Accepted(facts);

    public static CatalogDecision Refuse(params IReadOnlyList<Refusal> refusals) => new Refused(refusals);

    /// <param name="Facts">Messages of <see cref="CatalogFacts"/>, in the order in which they were
    /// decided.</param>
    public sealed record Accepted(IReadOnlyList<object> Facts) : CatalogDecision;

    public sealed record Refused(IReadOnlyList<Refusal> Refusals) : CatalogDecision;
}

/// <summary>One reason why not.</summary>
/// <param name="Type">Stable, in kebab-case: the last part of the type of a problem detail.</param>
/// <param name="Field">The part of the request that it is about: <c>tiers[2].from</c>.</param>
/// <param name="Message">For the person who asked, in one or two sentences.</param>
public sealed record Refusal(string Type, string Field, string Message);

/// <summary>Who wants a change of the catalog, and why.</summary>
public sealed record Author(string Actor, string Reason)
{
    public DecisionV1 At(DateTimeOffset now) => new(Actor, now, Reason);

    /// <summary>A change without a name or a reason is refused.</summary>
    public IEnumerable<Refusal> Check()
    {
        if (string.IsNullOrWhiteSpace(Actor)) yield return new("actor-missing", "actor", "Say who decides.");
        if (string.IsNullOrWhiteSpace(Reason)) yield return new("reason-missing", "reason", "Say why.");
    }
}
