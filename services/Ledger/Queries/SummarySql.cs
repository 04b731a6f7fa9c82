using Billing.ServiceDefaults;

namespace Billing.Ledger.Queries;

/// <summary>
/// The sums over charges, two ways that give the same: from the sums that are kept, for the present, and from
/// the rows themselves, for every moment and filter.
/// </summary>
internal static class SummarySql
{
    /// <summary>One row a currency and meter, each with the number of tenants in all of them.</summary>
    public static string ByMeter(string rows) =>
        $"""
        with t as ({rows}), counted as (select count(distinct tenant_id) as tenants from t)
        select counted.tenants, currency, meter, {Sum("pending")}, {Sum("billed")}, {Sum("voided")},
            {Sum("taken")}
        from t, counted group by counted.tenants, currency, meter order by currency, meter
        """;

    public static string Kept(
        ChargeFilter filter, Caller caller, Conditions conditions, AnswerMoment moment)
    {
        var (position, effective) = (conditions.Value(moment.Position), conditions.Value(moment.Effective));
        filter.AddKeys(conditions, caller, "k");
        return
            $"""
            select k.tenant_id, k.currency, k.meter,
                case when i.invoice_id is null then k.counting else 0 end as pending,
                case when i.invoice_id is null then k.counting_left else 0 end as pending_amount,
                case when i.invoice_id is null then 0 else k.counting end as billed,
                case when i.invoice_id is null then 0 else k.counting_left end as billed_amount,
                k.voided, k.voided_amount, k.taken_back as taken, k.taken_back_left as taken_amount
            from charge_totals as k
            left join lateral ({ChargesAt.Invoice("k", position, effective)}) as i on true
            where {conditions.Sql}
            """;
    }

    public static string Added(
        ChargeFilter filter, Caller caller, Conditions conditions, AnswerMoment moment)
    {
        var from = ChargesAt.From(conditions, moment);
        filter.AddAll(conditions, caller, "c", "s");
        return
            $"""
            select c.tenant_id, c.currency, c.meter,
                (s.status = 'pending')::int as pending,
                case when s.status = 'pending' then s.left_amount else 0 end as pending_amount,
                (s.status = 'billed')::int as billed,
                case when s.status = 'billed' then s.left_amount else 0 end as billed_amount,
                (s.status = 'voided')::int as voided,
                case when s.status = 'voided' then c.amount else 0 end as voided_amount,
                (s.status = 'taken-back')::int as taken,
                case when s.status = 'taken-back' then s.left_amount else 0 end as taken_amount
            from {from} where {conditions.Sql}
            """;
    }

    private static string Sum(string what) =>
        $"sum({what})::bigint, {Cells.Amount($"sum({what}_amount)", "currency")}";
}
