using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ledger.Corrections;

/// <summary>
/// Void, credit, adjust and reverse one charge; for operations. The Idempotency-Key names the correction for
/// ever: the same request again is answered with the same correction.
/// </summary>
public static class CorrectionRequests
{
    public const string Route = "/api/overages/ops/override";

    /// <param name="EffectiveAt">From when it shall count; left out: the charge's own moment.</param>
    public sealed record VoidCommand(
        TenantId Tenant, ChargeId Charge, string Reason, DateTimeOffset? EffectiveAt = null);

    /// <param name="Amount">What is given back, as "12.34 USD".</param>
    public sealed record CreditCommand(
        TenantId Tenant, ChargeId Charge, Amount Amount, string Reason, DateTimeOffset? EffectiveAt = null);

    /// <param name="Amount">What the charge shall be; either this or units.</param>
    public sealed record AdjustCommand(
        TenantId Tenant, ChargeId Charge, string Reason, Amount? Amount = null, Quantity? Units = null,
        DateTimeOffset? EffectiveAt = null);

    /// <param name="Correction">The one that was a mistake.</param>
    public sealed record ReverseCommand(
        TenantId Tenant, ChargeId Charge, CorrectionId Correction, string Reason,
        DateTimeOffset? EffectiveAt = null);

    /// <param name="Changed">By this correction, below zero where something was taken off.</param>
    /// <param name="Left">Of the charge, with all that has moved it by now.</param>
    /// <param name="BookedIn">The period that the correction counts in.</param>
    public sealed record Answer(
        CorrectionId Correction, ChargeId Charge, Amount Changed, Amount Left, BillingPeriod BookedIn);

    public static void Map(WebApplication app)
    {
        var overrides = app.MapGroup(Route).RequireAuthorization(Policies.Ops).WithTags("Corrections");
        overrides.MapPost("void", Void).WithIdempotencyKey().WithName("VoidCharge")
            .WithSummary("Takes off all that is left of a charge.");
        overrides.MapPost("credit", Credit).WithIdempotencyKey().WithName("CreditCharge")
            .WithSummary("Gives a part of a charge back, up to what is left of it.");
        overrides.MapPost("adjust", Adjust).WithIdempotencyKey().WithName("AdjustCharge")
            .WithSummary("Sets a charge to another amount, or to another number of units.");
        overrides.MapPost("reverse", Reverse).WithIdempotencyKey().WithName("ReverseCorrection")
            .WithSummary("Undoes a correction that was a mistake.");
    }

    private static Task<Results<Ok<Answer>, ProblemHttpResult>> Void(
        VoidCommand command, HttpContext context, CorrectCharges charges)
    {
        var (id, request) = Asked(context, command.Tenant, command.Reason, command.EffectiveAt);
        return Run(charges, command.Tenant, command.Charge, id, context, (found, now) =>
            VoidCharge.Decide(new(command.Tenant, command.Charge, id, request), found, now));
    }

    private static Task<Results<Ok<Answer>, ProblemHttpResult>> Credit(
        CreditCommand command, HttpContext context, CorrectCharges charges)
    {
        var (id, request) = Asked(context, command.Tenant, command.Reason, command.EffectiveAt);
        return Run(charges, command.Tenant, command.Charge, id, context, (found, now) =>
            CreditCharge.Decide(
                new(command.Tenant, command.Charge, id, command.Amount, request), found, now));
    }

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Adjust(
        AdjustCommand command, HttpContext context, CorrectCharges charges)
    {
        if (TargetOf(command.Amount, command.Units) is not { } target)
            return Problems.Refuse(ProblemTypes.Invalid, "Give either 'amount' or 'units'.");

        var (id, request) = Asked(context, command.Tenant, command.Reason, command.EffectiveAt);
        return await Run(charges, command.Tenant, command.Charge, id, context, (found, now) =>
            AdjustCharge.Decide(new(command.Tenant, command.Charge, id, target, request), found, now));
    }

    private static Task<Results<Ok<Answer>, ProblemHttpResult>> Reverse(
        ReverseCommand command, HttpContext context, CorrectCharges charges)
    {
        var (id, request) = Asked(context, command.Tenant, command.Reason, command.EffectiveAt);
        return Run(charges, command.Tenant, command.Charge, id, context, (found, now) =>
            ReverseCorrection.Decide(
                new(command.Tenant, command.Charge, id, command.Correction, request), found, now));
    }

    /// <summary>Null unless exactly one of them is given.</summary>
    internal static AdjustCharge.Target? TargetOf(Amount? amount, Quantity? units) => (amount, units) switch
    {
        ({ } to, null) => new AdjustCharge.Target.Of(to),
        (null, { } to) => new AdjustCharge.Target.OfUnits(to),
        _ => null,
    };

    internal static (CorrectionId Id, Request Request) Asked(
        HttpContext context, TenantId tenant, string reason, DateTimeOffset? effectiveAt)
    {
        var key = context.Request.Headers[IdempotencyKey.Header].ToString();
        return (
            new(EventIds.Of(tenant, key)),
            new(
                Caller.Of(context.User).Subject, Cause.Of(key), reason.Trim(),
                effectiveAt?.ToUniversalTime()));
    }

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Run(
        CorrectCharges charges, TenantId tenant, ChargeId charge, CorrectionId id, HttpContext context,
        Func<Correctable?, DateTimeOffset, Decision> decide)
    {
        var outcome = await charges.One(tenant, charge, id, decide, context.RequestAborted);
        if (outcome.Decision is Decision.Refused no) return RefusalProblems.Of(no);

        var moved = outcome.Charge!.Corrections[id.Value].Event;
        return TypedResults.Ok(new Answer(
            id, charge, moved.Amount, outcome.Charge.Left, moved.Booking.Period));
    }
}
