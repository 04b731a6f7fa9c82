using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ledger.Corrections;

/// <summary>
/// The same correction of many charges of one tenant: a list, or all of a period and meter. It can be looked
/// at first; a preview decides the same and records nothing.
/// </summary>
public static class BulkRequests
{
    /// <summary>More would hold the locks of a tenant for too long.</summary>
    public const int MostCharges = 1_000;

    /// <param name="Charges">Either these or those of the filter.</param>
    /// <param name="Amount">What is given back of each, or what each shall be.</param>
    public sealed record Command(
        TenantId Tenant, Doing Doing, string Reason, IReadOnlyList<ChargeId>? Charges = null,
        Filter? Filter = null, Amount? Amount = null, Quantity? Units = null);

    public enum Doing
    {
        Void,
        Credit,
        Adjust,
    }

    /// <summary>Charges that are booked into a period.</summary>
    /// <param name="PeriodStart">The first moment of the period.</param>
    /// <param name="Subscription">None: usage without a subscription.</param>
    /// <param name="From">Used at or after.</param>
    /// <param name="To">Used before.</param>
    public sealed record Filter(
        Currency Currency, DateTimeOffset PeriodStart, SubscriptionId? Subscription = null,
        MeterId? Meter = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

    /// <param name="Recorded">How many charges are corrected, or would be.</param>
    /// <param name="Changes">What all of it moves, one amount a currency.</param>
    public sealed record Answer(
        int Recorded, int AlreadySo, int Refused, IReadOnlyList<Amount> Changes, IReadOnlyList<One> Charges);

    /// <param name="Refusal">A stable word; null where it is done.</param>
    public sealed record One(ChargeId Charge, string Outcome, string? Refusal = null, Amount? Left = null);

    public static void Map(WebApplication app)
    {
        var bulk = app.MapGroup($"{CorrectionRequests.Route}/bulk").RequireAuthorization(Policies.Ops)
            .WithTags("Corrections");
        bulk.MapPost("preview", Preview).WithName("PreviewBulkCorrection")
            .WithSummary("What a bulk correction would do to each charge; records nothing.");
        bulk.MapPost("", Correct).WithIdempotencyKey().WithName("CorrectManyCharges")
            .WithSummary("Corrects many charges of a tenant in one transaction, with one reason.");
    }

    private static Task<Results<Ok<Answer>, ProblemHttpResult>> Preview(
        Command command, HttpContext context, CorrectCharges charges, FindCharges find) =>
        Run(command, context.TraceIdentifier, isPreview: true, context, charges, find);

    private static Task<Results<Ok<Answer>, ProblemHttpResult>> Correct(
        Command command, HttpContext context, CorrectCharges charges, FindCharges find) =>
        Run(
            command, context.Request.Headers[IdempotencyKey.Header].ToString(), isPreview: false, context,
            charges, find);

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Run(
        Command command, string key, bool isPreview, HttpContext context, CorrectCharges charges,
        FindCharges find)
    {
        if ((command.Charges is null) == (command.Filter is null))
            return Problems.Refuse(ProblemTypes.Invalid, "Give either 'charges' or 'filter'.");
        if (DoingOf(command) is not { } doing)
            return Problems.Refuse(
                ProblemTypes.Invalid,
                "A credit has an 'amount', an adjustment either 'amount' or 'units', a void neither.");

        var ids = command.Charges
            ?? await find.Of(command.Tenant, command.Filter!, MostCharges + 1, context.RequestAborted);
        if (ids.Count is 0 or > MostCharges)
            return Problems.Refuse(
                ProblemTypes.Unprocessable, $"These are {ids.Count} charges; 1 to {MostCharges} go at once.");

        var plan = await charges.Many(
            new(command.Tenant, ids, doing, key, Caller.Of(context.User).Subject, command.Reason.Trim()),
            isPreview, context.RequestAborted);
        return TypedResults.Ok(AnswerOf(plan));
    }

    private static CorrectMany.Doing? DoingOf(Command command) => command switch
    {
        { Doing: Doing.Void, Amount: null, Units: null } => new CorrectMany.Doing.Void(),
        { Doing: Doing.Credit, Amount: { } amount, Units: null } => new CorrectMany.Doing.Credit(amount),
        { Doing: Doing.Adjust } when CorrectionRequests.TargetOf(command.Amount, command.Units) is { } to =>
            new CorrectMany.Doing.Adjust(to),
        _ => null,
    };

    private static Answer AnswerOf(CorrectMany.Plan plan)
    {
        var ones = plan.Outcomes.Select(outcome => outcome.Decision switch
        {
            Decision.Refused no => new One(outcome.Charge, "refused", no.Reason.Word(), no.Left),
            Decision.Accepted { Appends.Count: 0 } => new One(outcome.Charge, "already-so"),
            _ => new One(outcome.Charge, "recorded"),
        }).ToList();
        return new(
            ones.Count(one => one.Outcome == "recorded"), ones.Count(one => one.Outcome == "already-so"),
            ones.Count(one => one.Outcome == "refused"), plan.Changes, ones);
    }
}
