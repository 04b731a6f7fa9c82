using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Queries;

/// <summary>One charge, with everything that has happened to it.</summary>
public static class GetCharge
{
    public const string Route = "/api/v1/ledger/charges/{id:guid}";

    /// <param name="Changes">In the order of the ledger.</param>
    public sealed record Answer(
        long Position, DateTimeOffset? AsOf, ChargeView Charge, IReadOnlyList<Change> Changes);

    /// <param name="Event">Of a person's correction, the correction's id.</param>
    /// <param name="Booked">The beginning of the period that it is booked into.</param>
    /// <param name="Reversed">The correction that it undoes.</param>
    public sealed record Change(
        long Position, Guid Event, string What, Amount Amount, Quantity? Units, string? Subscription,
        DateTimeOffset Booked, DateTimeOffset EffectiveAt, DateTimeOffset RecordedAt, string Actor,
        string? Reason, Guid? Reversed);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Get).RequireAuthorization(Policies.Tenant)
            .WithTags("Charges").WithName("GetCharge")
            .WithSummary("One charge, with all that has moved it.");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Get(
        Guid id, HttpContext context, ServiceDatabase database, TimeProvider time,
        [FromQuery] string? asOf = null, [FromQuery] string? knownAt = null)
    {
        var (caller, cancellation) = (Caller.Of(context.User), context.RequestAborted);
        var answer = await database.At(
            caller, AskedMoment.Of(asOf, knownAt), ChargesAt.Models,
            (connection, moment) => Find(id, caller, moment, connection, cancellation), time, cancellation);
        return answer is null
            ? Problems.Refuse(ProblemTypes.NotFound, "There is no such charge at that moment.")
            : TypedResults.Ok(answer);
    }

    internal static async Task<Answer?> Find(
        Guid id, Caller caller, AnswerMoment moment, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        var conditions = new Conditions();
        var from = ChargesAt.From(conditions, moment);
        var named = conditions.Value(id, NpgsqlDbType.Uuid);
        conditions.Add($"c.position = (select seq_id from ledger_event({named}))");
        if (caller.Tenant is { } tenant) conditions.Add($"c.tenant_id = {conditions.Value(tenant)}");
        var found = await conditions.Read(
            $"select {ChargesAt.Columns} from {from} where {conditions.Sql}", connection, ChargesAt.Read,
            cancellation);
        return found is [var charge]
            ? new(
                moment.Position, moment.AsOf, charge,
                await Changes(charge, moment, connection, cancellation))
            : null;
    }

    private static Task<List<Change>> Changes(
        ChargeView charge, AnswerMoment moment, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var conditions = new Conditions();
        conditions.Add($"charge_position = {conditions.Value(charge.Position)}");
        conditions.Add($"position <= {conditions.Value(moment.Position)}");
        conditions.Add($"effective_at <= {conditions.Value(moment.Effective)}");
        return conditions.Read(
            $"""
            select position, event_id, what, {Cells.Amount("amount", "currency")}, trim_scale(units)::text,
                subscription, period_start, effective_at, recorded_at, actor, reason, reversed
            from charge_changes where {conditions.Sql} order by position
            """,
            connection, row => new Change(
                row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetAmount(3), row.GetQuantity(4),
                row.FindName(5), row.GetMoment(6), row.GetMoment(7), row.GetMoment(8), row.GetString(9),
                row.FindName(10), row.FindGuid(11)), cancellation);
    }
}
