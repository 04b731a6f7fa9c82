using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ledger.Credits;

/// <summary>Puts money to a tenant's credit, for invoices to come; for operations.</summary>
public static class CreditRequests
{
    public const string Route = $"{CorrectionRequests.Route}/account-credit";

    /// <param name="Money">In whole minor units: "25.00 USD".</param>
    /// <param name="ExpiresAt">From this moment on it cannot be applied; null: never.</param>
    public sealed record Command(
        TenantId Tenant, Money Money, string Reason, DateTimeOffset? ExpiresAt = null,
        DateTimeOffset? EffectiveAt = null);

    /// <param name="Grant">Names it for ever.</param>
    /// <param name="Usable">All credit of the tenant in that currency that can be applied now.</param>
    public sealed record Answer(Guid Grant, Money Money, Money Usable);

    public static void Map(WebApplication app) =>
        app.MapPost(Route, Grant).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithTags("Corrections").WithName("GrantCredit")
            .WithSummary("Puts money to a tenant's credit, for invoices to come.");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Grant(
        Command command, HttpContext context, LedgerCommands commands, TimeProvider time)
    {
        var (id, request) =
            CorrectionRequests.Asked(context, command.Tenant, command.Reason, command.EffectiveAt);
        var grant = new GrantCredit.Command(
            command.Tenant, id.Value, command.Money, request, command.ExpiresAt?.ToUniversalTime());
        var (decision, state) = await commands.Run<(Decision, CreditState)>(
            async work =>
            {
                var (before, isOther) = await Read(work, grant, context.RequestAborted);
                var decided = isOther
                    ? Decision.Refuse(Refusal.KeyReused)
                    : GrantCredit.Decide(grant, before, time.GetUtcNow());
                var appends = (decided as Decision.Accepted)?.Appends ?? [];
                await CreditDue.Put(work.Connection, appends, context.RequestAborted);
                var after = appends.Aggregate(before, (one, append) => one.Evolve(append.Recorded));
                return (appends, (decided, after));
            },
            context.RequestAborted);
        if (decision is Decision.Refused no) return RefusalProblems.Of(no);

        var usable = state.UsableAt(time.GetUtcNow()).Select(one => one.Left);
        return TypedResults.Ok(new Answer(
            id.Value, command.Money, Money.Sum(usable, command.Money.Currency)));
    }

    private static async Task<(CreditState State, bool IsOther)> Read(
        LedgerWork work, GrantCredit.Command grant, CancellationToken cancellation)
    {
        var (tenant, currency) = (grant.Tenant, grant.Money.Currency);
        var (events, isRecorded) = await ReadOfRequest.Of(
            work, LedgerKeys.Of(tenant, currency), new StreamId.Credit(tenant, currency), grant.Id,
            cancellation);
        var state = StoredEvents.Credit(events);
        return (state, isRecorded && state.Find(grant.Id) is null);
    }
}
