using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Billing.Ledger.Credits;

/// <summary>Takes back what is left of a grant of credit before its time; for operations.</summary>
public static class EndCreditRequests
{
    public const string Route = $"{CreditRequests.Route}/end";

    /// <param name="Grant">As the answer to granting named it.</param>
    public sealed record Command(TenantId Tenant, Guid Grant, string Reason);

    /// <param name="Ended">What was left of the grant, and is no more.</param>
    /// <param name="Usable">All credit of the tenant in that currency that can be applied now.</param>
    public sealed record Answer(Guid Grant, Money Ended, Money Usable);

    public static void Map(WebApplication app) =>
        app.MapPost(Route, End).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithTags("Corrections").WithName("EndCredit")
            .WithSummary("Takes back what is left of a grant of credit, because it was a mistake.");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> End(
        Command command, HttpContext context, LedgerCommands commands, TimeProvider time)
    {
        var (_, request) = CorrectionRequests.Asked(context, command.Tenant, command.Reason, null);
        var (decision, ended, usable) = await commands.Run<(Decision, Money?, Money?)>(
            async work => await EndGrant(work, command, request, time.GetUtcNow(), context.RequestAborted),
            context.RequestAborted);
        return decision is Decision.Refused no
            ? RefusalProblems.Of(no)
            : TypedResults.Ok(new Answer(command.Grant, ended!.Value, usable!.Value));
    }

    private static async Task<(IReadOnlyList<Append>, (Decision, Money?, Money?))> EndGrant(
        LedgerWork work, Command command, Request request, DateTimeOffset now, CancellationToken cancellation)
    {
        // A grant never changes, so that it may be read before its account is held.
        if (await Find(work, command.Grant, cancellation) is not CreditGranted granted
            || granted.Tenant != command.Tenant)
            return ([], (Decision.Refuse(Refusal.NotFound), null, null));

        var (currency, end) = (granted.Money.Currency, EventIds.Of(
            new FactId(command.Grant), EventNames.CreditExpired));
        await LedgerKeys.Hold(
            work.Connection, [LedgerKeys.Of(command.Tenant, currency)], cancellation);
        var stream = new StreamId.Credit(command.Tenant, currency);
        var state = await Read(work, stream, cancellation);
        var decision = ExpireCredit.Decide(
            new ExpireCredit.Command(command.Tenant, currency, command.Grant, request), state, now);
        if (decision is not Decision.Accepted accepted) return ([], (decision, null, null));

        var ended = (accepted.Appends is [{ Event: CreditExpired expired }]
            ? expired
            : await Find(work, end, cancellation) as CreditExpired)?.Money;
        var after = accepted.Appends.Aggregate(state, (one, append) => one.Evolve(append.Recorded));
        var usable = Money.Sum(after.UsableAt(now).Select(grant => grant.Left), currency);
        return (accepted.Appends, (decision, ended, usable));
    }

    private static async Task<LedgerEvent?> Find(LedgerWork work, Guid id, CancellationToken cancellation) =>
        (await Read(work, StoredEvents.ById([id]), cancellation)).FirstOrDefault()?.Event;

    private static async Task<CreditState> Read(
        LedgerWork work, StreamId.Credit stream, CancellationToken cancellation)
    {
        var events = await Read(work, StoredEvents.OfStreams([stream]), cancellation);
        work.WasRead(stream, events.VersionOf(stream));
        return StoredEvents.Credit(events);
    }

    private static async Task<List<StoredEvent>> Read(
        LedgerWork work, NpgsqlBatchCommand command, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(work.Connection) { BatchCommands = { command } };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await StoredEvents.Read(rows, cancellation);
    }
}
