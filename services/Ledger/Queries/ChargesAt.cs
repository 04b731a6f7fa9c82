using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Queries;

/// <summary>Charges as they stood at a moment, as SQL and as rows.</summary>
internal static class ChargesAt
{
    /// <summary>The read models that the SQL below reads.</summary>
    public static readonly string[] Models = ["charges", "open-items"];

    public static readonly string Columns =
        $"""
        c.position, c.charge_id, c.tenant_id, c.subscription, c.period_start, c.period_end, c.serves_start,
        c.serves_end, c.kind, c.meter, {Cells.Amount("c.amount", "c.currency")},
        {Cells.Amount("s.left_amount", "c.currency")}, trim_scale(c.units)::text,
        trim_scale(s.left_units)::text, c.effective_at, c.recorded_at, s.status, s.invoice_id, s.number
        """;

    /// <summary>Rows c, the charge, and s, its state at the moment.</summary>
    public static string From(Conditions conditions, AnswerMoment moment)
    {
        var (position, effective) = (conditions.Value(moment.Position), conditions.Value(moment.Effective));
        conditions.Add($"c.position <= {position} and c.effective_at <= {effective}");
        return
            $"""
            charges as c
            cross join lateral ({(moment.IsPresent ? Present : Past(position, effective))}) as h
            left join lateral ({Invoice("c", position, effective)}) as i on true
            cross join lateral (select h.left_amount, h.left_units, i.invoice_id, i.number,
                case when h.is_taken_back then 'taken-back' when h.is_voided then 'voided'
                    when i.invoice_id is not null then 'billed' else 'pending' end as status) as s
            """;
    }

    /// <summary>The invoice of a row's period, if it was issued by then.</summary>
    public static string Invoice(string row, string position, string effective) =>
        $"""
        select o.invoice_id, o.number from open_items as o
        where o.tenant_id = {row}.tenant_id and o.currency = {row}.currency
            and o.subscription = {row}.subscription and o.period_start = {row}.period_start
            and o.position <= {position} and o.issued_at <= {effective} limit 1
        """;

    public static ChargeView Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), new(row.GetGuid(1)), row.GetString(2), row.FindName(3),
        new(row.GetMoment(4), row.GetMoment(5)), new(row.GetMoment(6), row.GetMoment(7)), row.GetString(8),
        row.FindName(9), row.GetAmount(10), row.GetAmount(11), row.GetQuantity(12), row.GetQuantity(13),
        row.GetMoment(14), row.GetMoment(15), row.GetString(16),
        row.FindGuid(17), row.FindName(18));

    private const string Present =
        """
        select c.left_amount, c.left_units, c.voided_by is not null as is_voided, c.is_taken_back
        """;

    // A void that was reversed by then is none.
    private static string Past(string position, string effective) =>
        $"""
        select c.amount + coalesce(sum(m.amount), 0) as left_amount,
            case when c.units is not null or count(m.units) > 0
                then coalesce(c.units, 0) + coalesce(sum(m.units), 0) end as left_units,
            coalesce(bool_or(m.what = '{EventNames.ChargeVoided}' and not exists (
                select from charge_changes as r
                where r.charge_position = c.position and r.reversed = m.event_id
                    and r.position <= {position} and r.effective_at <= {effective})), false) as is_voided,
            c.kind <> '{Words.Of(ChargeKind.Merged)}'
                and coalesce(bool_or(m.what = '{EventNames.ChargeTakenBack}'), false) as is_taken_back
        from charge_changes as m
        where m.charge_position = c.position and m.position <= {position} and m.effective_at <= {effective}
        """;
}

/// <summary>A charge.</summary>
/// <param name="Position">Of the event that posted it.</param>
/// <param name="Booked">The period that it is booked into.</param>
/// <param name="Serves">The period of the service.</param>
/// <param name="Amount">As charged.</param>
/// <param name="Left">The amount with all that has moved it.</param>
/// <param name="Status">pending, billed, voided or taken-back.</param>
/// <param name="Invoice">Of the period that it is booked into, once issued; with its number.</param>
public sealed record ChargeView(
    long Position, ChargeId Charge, string Tenant, string? Subscription, BillingPeriod Booked,
    BillingPeriod Serves, string Kind, string? Meter, Amount Amount, Amount Left, Quantity? Units,
    Quantity? UnitsLeft, DateTimeOffset EffectiveAt, DateTimeOffset RecordedAt, string Status,
    Guid? Invoice, string? InvoiceNumber);
