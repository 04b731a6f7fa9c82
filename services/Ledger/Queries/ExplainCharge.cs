using System.Text;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Queries;

/// <summary>
/// Why a charge is what it is: from the usage event and the arithmetic of its rating, over its postings and
/// corrections, to its invoice and what was paid of that.
/// </summary>
public static class ExplainCharge
{
    public const string Route = "/api/v1/ledger/charges/{id:guid}/explain";

    /// <param name="Usage">The usage event, for a charge of a single one.</param>
    /// <param name="Merges">The ratings, for a charge that merges many.</param>
    /// <param name="Trace">The arithmetic, as it was done when the rating was made.</param>
    /// <param name="Cause">The fact that the charge was posted from.</param>
    /// <param name="Postings">Of the charge and of all that has moved it.</param>
    /// <param name="OnInvoice">What has happened to the invoice since, where there is one.</param>
    public sealed record Answer(
        long Position, DateTimeOffset? AsOf, ChargeView Charge, UsageRef? Usage,
        IReadOnlyList<FactId>? Merges, ChargeTrace Trace, Cause Cause,
        IReadOnlyList<GetCharge.Change> Changes, IReadOnlyList<Posting> Postings,
        IReadOnlyList<Posting> OnInvoice);

    /// <param name="Amount">Debit above zero.</param>
    public sealed record Posting(
        long Position, Guid Event, string What, string Account, Amount Amount, DateTimeOffset EffectiveAt);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Explain).RequireAuthorization(Policies.Tenant)
            .WithTags("Charges").WithName("ExplainCharge")
            .WithSummary("Why a charge is what it is: usage, arithmetic, postings, corrections, invoice.");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Explain(
        Guid id, HttpContext context, ServiceDatabase database, TimeProvider time,
        [FromQuery] string? asOf = null, [FromQuery] string? knownAt = null)
    {
        var (caller, cancellation) = (Caller.Of(context.User), context.RequestAborted);
        var answer = await database.At(
            caller, AskedMoment.Of(asOf, knownAt), [.. ChargesAt.Models, .. ListJournal.Models],
            async (connection, moment) =>
                await GetCharge.Find(id, caller, moment, connection, cancellation) is { } found
                    ? await Of(found, moment, connection, cancellation)
                    : null, time, cancellation);
        return answer is null
            ? Problems.Refuse(ProblemTypes.NotFound, "There is no such charge at that moment.")
            : TypedResults.Ok(answer);
    }

    private static async Task<Answer> Of(
        GetCharge.Answer found, AnswerMoment moment, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        var charge = found.Charge;
        var posted = await Posted(charge.Charge, connection, cancellation);
        long[] entries = [charge.Position, .. found.Changes.Select(change => change.Position)];
        var postings = await Postings(
            moment, connection, conditions =>
                $"position = any ({conditions.Value(entries, NpgsqlDbType.Array | NpgsqlDbType.Bigint)})",
            cancellation);
        var onInvoice = charge.Invoice is { } invoice
            ? await Postings(
                moment, connection,
                conditions => $"invoice_id = {conditions.Value(invoice, NpgsqlDbType.Uuid)}", cancellation)
            : [];
        return new(
            found.Position, found.AsOf, charge, posted.Usage, posted.Merges, posted.Trace,
            posted.Origin.Cause, found.Changes, postings, onInvoice);
    }

    private static async Task<ChargePosted> Posted(
        ChargeId charge, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var conditions = new Conditions();
        var id = conditions.Value(charge.Value, NpgsqlDbType.Uuid);
        var stored = await conditions.Read(
            $"select type, data::text from ledger_event({id})", connection,
            row => StoredJson.Read(row.GetString(0), Encoding.UTF8.GetBytes(row.GetString(1))),
            cancellation);
        return (ChargePosted)stored[0];
    }

    private static Task<List<Posting>> Postings(
        AnswerMoment moment, NpgsqlConnection connection, Func<Conditions, string> which,
        CancellationToken cancellation)
    {
        var conditions = new Conditions();
        conditions.Add(which(conditions));
        conditions.Add($"position <= {conditions.Value(moment.Position)}");
        conditions.Add($"effective_at <= {conditions.Value(moment.Effective)}");
        return conditions.Read(
            $"""
            select position, event_id, what, account, {Cells.Amount("amount", "currency")}, effective_at
            from journal where {conditions.Sql} order by position, line
            """,
            connection, row => new Posting(
                row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetAmount(4),
                row.GetMoment(5)), cancellation);
    }
}
