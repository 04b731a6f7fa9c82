using System.Collections.Immutable;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Credits;

/// <summary>What decides about a tenant's account credit in one currency.</summary>
/// <param name="Grants">In the order in which they were granted.</param>
/// <param name="Applied">By the id of the event.</param>
public sealed record CreditState(
    ImmutableList<Grant> Grants, ImmutableDictionary<Guid, CreditApplied> Applied)
{
    public static CreditState New { get; } = new([], ImmutableDictionary<Guid, CreditApplied>.Empty);

    public Grant? Find(Guid grant) => Grants.Find(one => one.Id == grant);

    /// <summary>What can be applied at a moment, what expires first coming first.</summary>
    public IEnumerable<Grant> UsableAt(DateTimeOffset moment) => Grants
        .Where(grant => grant.Left.MinorUnits > 0 && !grant.HasExpired(moment))
        .OrderBy(grant => grant.Event.ExpiresAt ?? DateTimeOffset.MaxValue); // stable

    public CreditState Evolve(Recorded happened) => happened.Event switch
    {
        CreditGranted grant => this with { Grants = Grants.Add(new(happened.Id, grant, grant.Money)) },
        CreditApplied applied => applied.Parts.Aggregate(this, Take) with
        {
            Applied = Applied.SetItem(happened.Id, applied),
        },
        CreditExpired expired => Change(expired.Grant, grant =>
            grant with { Left = grant.Left - expired.Money, IsTakenBack = true }),
        _ => this,
    };

    private static CreditState Take(CreditState state, CreditPart part) =>
        state.Change(part.Grant, grant => grant with { Left = grant.Left - part.Money });

    private CreditState Change(Guid id, Func<Grant, Grant> change)
    {
        var place = Grants.FindIndex(grant => grant.Id == id);
        return place < 0 ? this : this with { Grants = Grants.SetItem(place, change(Grants[place])) };
    }
}

/// <summary>One grant and what is left of it.</summary>
/// <param name="IsTakenBack">It has expired, or a person ended it.</param>
public sealed record Grant(Guid Id, CreditGranted Event, Money Left, bool IsTakenBack = false)
{
    public bool HasExpired(DateTimeOffset moment) => Event.ExpiresAt <= moment;
}
