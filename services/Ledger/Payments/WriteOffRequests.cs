using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ledger.Payments;

/// <summary>Gives up what a tenant will not pay of an invoice; for operations.</summary>
public static class WriteOffRequests
{
    public const string Route = $"{CorrectionRequests.Route}/write-off";

    /// <param name="Money">As "25.00 USD"; left out: all that is left to pay.</param>
    public sealed record Command(
        TenantId Tenant, InvoiceId Invoice, string Reason, Money? Money = null,
        DateTimeOffset? EffectiveAt = null);

    /// <param name="WriteOff">Names it for ever.</param>
    /// <param name="LeftToPay">Of the invoice, with all that has been paid and taken off by now.</param>
    public sealed record Answer(Guid WriteOff, InvoiceId Invoice, Money Money, Money LeftToPay);

    public static void Map(WebApplication app) =>
        app.MapPost(Route, Lose).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithTags("Corrections").WithName("WriteOff")
            .WithSummary("Gives up what is left to pay of an invoice, or a part of it.");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Lose(
        Command command, HttpContext context, LedgerCommands commands, TimeProvider time)
    {
        var (id, request) =
            CorrectionRequests.Asked(context, command.Tenant, command.Reason, command.EffectiveAt);
        var writeOff = new WriteOff.Command(
            command.Tenant, command.Invoice, id.Value, request, command.Money);
        var (decision, invoice) = await commands.Run<(Decision, InvoiceState?)>(
            async work =>
            {
                var (before, isOther) = await Read(work, writeOff, context.RequestAborted);
                var decided = isOther
                    ? Decision.Refuse(Refusal.KeyReused)
                    : WriteOff.Decide(writeOff, before, time.GetUtcNow());
                var appends = (decided as Decision.Accepted)?.Appends ?? [];
                return (appends, (decided, appends.Aggregate(
                    before, (one, append) => one?.Evolve(append.Recorded))));
            },
            context.RequestAborted);
        return decision is Decision.Refused no
            ? RefusalProblems.Of(no)
            : TypedResults.Ok(new Answer(
                id.Value, command.Invoice, invoice!.WriteOffs[id.Value].Money, invoice.LeftToPay));
    }

    private static async Task<(InvoiceState? Invoice, bool IsOther)> Read(
        LedgerWork work, WriteOff.Command writeOff, CancellationToken cancellation)
    {
        var (events, isRecorded) = await ReadOfRequest.Of(
            work, LedgerKeys.Of(writeOff.Invoice), new StreamId.Invoice(writeOff.Tenant, writeOff.Invoice),
            writeOff.Id, cancellation);
        var invoice = StoredEvents.Invoice(events);
        return (invoice, isRecorded && invoice?.WriteOffs.ContainsKey(writeOff.Id) != true);
    }
}
