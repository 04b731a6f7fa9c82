using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Credits;

/// <summary>
/// Takes back what is left of grants whose time is over. With a reason, a person takes one back before its
/// time.
/// </summary>
public static class ExpireCredit
{
    /// <summary>All that have expired by now; a schedule asks.</summary>
    public sealed record Due(TenantId Tenant, Currency Currency, string Actor);

    /// <summary>One grant, because it was a mistake.</summary>
    /// <param name="Grant">The id of the grant.</param>
    public sealed record Command(TenantId Tenant, Currency Currency, Guid Grant, Request Request);

    public static Decision Decide(Due command, CreditState state, DateTimeOffset now) => Decision.Record(
    [
        .. state.Grants
            .Where(grant => grant.HasExpired(now) && grant.Left.MinorUnits > 0)
            .Select(grant => Expired(
                grant,
                new(grant.Event.ExpiresAt!.Value, now, command.Actor, Cause.Of(new FactId(grant.Id))))),
    ]);

    public static Decision Decide(Command command, CreditState state, DateTimeOffset now)
    {
        if (state.Find(command.Grant) is not { } grant || grant.Event.Tenant != command.Tenant)
            return Decision.Refuse(Refusal.NotFound);

        if (grant.IsTakenBack) return Decision.AlreadySo;
        if (string.IsNullOrWhiteSpace(command.Request.Actor)) return Decision.Refuse(Refusal.ActorMissing);
        if (string.IsNullOrWhiteSpace(command.Request.Reason)) return Decision.Refuse(Refusal.ReasonMissing);
        if (grant.Left.IsZero) return Decision.Refuse(Refusal.NothingLeft, grant.Left.ToAmount());

        return Decision.Record(Expired(grant, Origin.Of(command.Request, now)));
    }

    // A grant expires once, whoever says so.
    private static Append Expired(Grant grant, Origin origin) => new(
        new StreamId.Credit(grant.Event.Tenant, grant.Left.Currency),
        EventIds.Of(new FactId(grant.Id), EventNames.CreditExpired),
        new CreditExpired(grant.Event.Tenant, grant.Id, grant.Left, origin));
}
