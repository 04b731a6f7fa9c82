using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.UsagePath;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Billing.Ledger.Suspense;

/// <summary>
/// A person decides about a refused fact: it is tried again, with what is so by now, or it is dismissed.
/// Doing it twice does no harm, so no Idempotency-Key is needed.
/// </summary>
public static class ResolveSuspense
{
    private const string Posted = "posted", Dismissed = "dismissed";

    /// <param name="Note">Why; for those who look later.</param>
    public sealed record Command(string Note);

    /// <param name="Resolution">posted or dismissed; null where it was refused again and stays.</param>
    /// <param name="Refusal">Why it was refused again.</param>
    public sealed record Answer(FactId Fact, string? Resolution, string? Refusal = null);

    public static void Map(WebApplication app)
    {
        var one = app.MapGroup($"{ListSuspense.Route}/{{fact:guid}}").RequireAuthorization(Policies.Ops)
            .WithTags("Suspense");
        one.MapPost("retry", Retry).WithName("RetrySuspense")
            .WithSummary("Decides about the fact again, with what is so by now.");
        one.MapPost("dismiss", Dismiss).WithName("DismissSuspense")
            .WithSummary("The fact is right to be refused, and nothing is booked for it.");
    }

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Retry(
        Guid fact, Command command, HttpContext context, LedgerTransactions transactions, TimeProvider time)
    {
        if (Missing(command) is { } missing) return missing;

        for (var attempt = 1; ; attempt++)
            try
            {
                return await Once(
                    new FactId(fact), command, context, transactions, time.GetUtcNow(),
                    context.RequestAborted);
            }
            catch (TryAgainException) when (attempt < 10)
            {
                // Somebody else was faster; what is so by now decides.
            }
    }

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Once(
        FactId id, Command command, HttpContext context, LedgerTransactions transactions, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var transaction = await transactions.Begin(cancellation);
        if (await Hold(transaction.Connection, id, cancellation) is not { } fact) return NotOpen();

        // What waits now comes back by itself.
        var refusal = await TakeAgain(fact, transaction.Work(), now, cancellation);
        if (refusal is null)
            await Settle(transaction.Connection, id, Posted, command, context, now, cancellation);
        await transaction.Commit(cancellation);
        return TypedResults.Ok(new Answer(id, refusal is null ? Posted : null, refusal));
    }

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Dismiss(
        Guid fact, Command command, HttpContext context, LedgerTransactions transactions, TimeProvider time)
    {
        if (Missing(command) is { } missing) return missing;

        var id = new FactId(fact);
        await using var transaction = await transactions.Begin(context.RequestAborted);
        if (await Hold(transaction.Connection, id, context.RequestAborted) is null) return NotOpen();

        await Settle(
            transaction.Connection, id, Dismissed, command, context, time.GetUtcNow(),
            context.RequestAborted);
        await transaction.Commit(context.RequestAborted);
        return TypedResults.Ok(new Answer(id, Dismissed));
    }

    /// <returns>Why it is refused again; null where it is not.</returns>
    private static async Task<string?> TakeAgain(
        KeptFact fact, LedgerWork work, DateTimeOffset now, CancellationToken cancellation)
    {
        if (fact.Topic != Topics.Ratings)
            return (await BookFacts.Apply([fact], work, now, cancellation))
                .TryGetValue(fact.Id, out var no) ? no.Word() : null;

        var posted = await PostFacts.Apply(
            [Arrived.Of(fact) with { IsAgain = true }], work, now, cancellation);
        return posted.Suspended.FirstOrDefault(kept => kept.Fact.Id() == fact.Id)?.Why.Reason.Word();
    }

    private static ProblemHttpResult? Missing(Command command) => string.IsNullOrWhiteSpace(command.Note)
        ? Problems.Refuse(ProblemTypes.Invalid, "'note' says why.")
        : null;

    private static ProblemHttpResult NotOpen() =>
        Problems.Refuse(ProblemTypes.NotFound, "No fact of this id waits for a person.");

    private static async Task<KeptFact?> Hold(
        NpgsqlConnection connection, FactId id, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select topic, wire_name, body, trace from suspense
            where fact_id = $1 and resolution is null for update
            """, connection)
        {
            Parameters = { new() { Value = id.Value } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation)
            ? new(row.GetString(0), id, row.GetString(1), row.GetFieldValue<byte[]>(2),
                row.IsDBNull(3) ? null : row.GetString(3))
            : null;
    }

    private static async Task Settle(
        NpgsqlConnection connection, FactId id, string resolution, Command command, HttpContext context,
        DateTimeOffset now, CancellationToken cancellation)
    {
        await using var settle = new NpgsqlCommand(
            """
            update suspense set resolution = $2, resolved_at = $3, resolved_by = $4, note = $5
            where fact_id = $1
            """, connection)
        {
            Parameters =
            {
                new() { Value = id.Value }, new() { Value = resolution },
                new() { Value = now.ToUniversalTime() },
                new() { Value = Caller.Of(context.User).Subject }, new() { Value = command.Note.Trim() },
            },
        };
        await settle.ExecuteNonQueryAsync(cancellation);
    }
}
