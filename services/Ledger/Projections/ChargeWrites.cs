using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>The statements that write what has become of charges.</summary>
internal static class ChargeWrites
{
    private const string UpdateCharges =
        """
        update charges as held set left_amount = l::numeric, left_units = n::numeric, voided_by = d,
            is_taken_back = x, changed_position = q
        from unnest($1, $2, $3, $4, $5, $6) as rows (p, l, n, d, x, q) where held.position = p
        """;

    private const string InsertChanges =
        """
        insert into charge_changes (position, event_id, charge_position, charge_id, tenant_id, currency,
            meter, kind, what, amount, units, subscription, period_start, effective_at, recorded_at, actor,
            reason, reversed)
        select p, e, h, i, t, c, m, k, w, a::numeric, u::numeric, s, b, f, r, o, y, z
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            as rows (p, e, h, i, t, c, m, k, w, a, u, s, b, f, r, o, y, z)
        """;

    private const string UpsertTotals =
        """
        insert into charge_totals as held (tenant_id, currency, subscription, period_start, meter, counting,
            counting_left, voided, voided_amount, taken_back, taken_back_left)
        select t, c, s, b, m, n, l::numeric, v, a::numeric, k, r::numeric
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as rows (t, c, s, b, m, n, l, v, a, k, r)
        on conflict (tenant_id, currency, subscription, period_start, meter) do update
        set counting = held.counting + excluded.counting,
            counting_left = held.counting_left + excluded.counting_left,
            voided = held.voided + excluded.voided,
            voided_amount = held.voided_amount + excluded.voided_amount,
            taken_back = held.taken_back + excluded.taken_back,
            taken_back_left = held.taken_back_left + excluded.taken_back_left
        """;

    public static void Change(NpgsqlBatch batch, IReadOnlyList<ChargeStanding> rows) => Columns.Add(
        batch, UpdateCharges,
        Columns.Of(rows, row => row.Posted),
        Columns.Numbers(rows, row => row.Now.Left),
        Columns.Numbers(rows, row => row.Now.Units),
        Columns.Of(rows, row => row.Now.VoidedBy),
        Columns.Of(rows, row => row.Now.IsTakenBack),
        Columns.Of(rows, row => row.Now.Position));

    public static void Keep(NpgsqlBatch batch, IReadOnlyList<KeptChange> rows) => Columns.Add(
        batch, InsertChanges,
        Columns.Of(rows, row => row.Change.Position),
        Columns.Of(rows, row => row.Change.Event),
        Columns.Of(rows, row => row.Posted),
        Columns.Of(rows, row => row.Change.Charge.Value),
        Columns.Of(rows, row => row.Change.Tenant.ToString()),
        Columns.Of(rows, row => row.Change.Amount.Currency.Code),
        Columns.Of(rows, row => Names.Of(row.Moved.Of.Meter)),
        Columns.Of(rows, row => Words.Of(row.Moved.Of.Kind)),
        Columns.Of(rows, row => row.Change.What),
        Columns.Numbers(rows, row => row.Change.Amount),
        Columns.Numbers(rows, row => row.Change.Units),
        Columns.Of(rows, row => Names.Of(row.Moved.Booking.Subscription)),
        Columns.Of(rows, row => row.Moved.Booking.Period.Start),
        Columns.Of(rows, row => row.Change.EffectiveAt),
        Columns.Of(rows, row => row.Change.RecordedAt),
        Columns.Of(rows, row => row.Change.Actor),
        Columns.Of(rows, row => row.Change.Reason),
        Columns.Of(rows, row => row.Change.Reversed?.Value));

    public static void Total(NpgsqlBatch batch, IReadOnlyList<ChargeTotals> rows) => Columns.Add(
        batch, UpsertTotals,
        Columns.Of(rows, row => row.Period.Tenant.ToString()),
        Columns.Of(rows, row => row.Period.Currency.Code),
        Columns.Of(rows, row => Names.Of(row.Period.Subscription)),
        Columns.Of(rows, row => row.Period.Start),
        Columns.Of(rows, row => Names.Of(row.Meter)),
        Columns.Of(rows, row => row.Counting),
        Columns.Numbers(rows, row => row.CountingLeft),
        Columns.Of(rows, row => row.Voided),
        Columns.Numbers(rows, row => row.VoidedAmount),
        Columns.Of(rows, row => row.TakenBack),
        Columns.Numbers(rows, row => row.TakenBackLeft));
}
