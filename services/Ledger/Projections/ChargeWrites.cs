using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>The statements that write charges.</summary>
internal static class ChargeWrites
{
    private const string InsertCharges =
        """
        insert into charges (position, charge_id, tenant_id, currency, subscription, period_start, period_end,
            serves_start, serves_end, kind, meter, amount, units, effective_at, recorded_at, left_amount,
            left_units, voided_by, is_taken_back, changed_position)
        select p, i, t, c, s, b, e, v, w, k, m, a::numeric, u::numeric, f, r, l::numeric, n::numeric, d, x, q
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
            as rows (p, i, t, c, s, b, e, v, w, k, m, a, u, f, r, l, n, d, x, q)
        """;

    private const string UpdateCharges =
        """
        update charges as held set left_amount = l::numeric, left_units = n::numeric, voided_by = d,
            is_taken_back = x, changed_position = q
        from unnest($1, $2, $3, $4, $5, $6) as rows (p, l, n, d, x, q) where held.position = p
        """;

    private const string InsertChanges =
        """
        insert into charge_changes (position, event_id, charge_position, charge_id, tenant_id, currency,
            meter, what, amount, units, subscription, period_start, effective_at, recorded_at, actor, reason,
            reversed)
        select p, e, h, i, t, c, m, w, a::numeric, u::numeric, s, b, f, r, o, y, z
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            as rows (p, e, h, i, t, c, m, w, a, u, s, b, f, r, o, y, z)
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

    public static void Add(NpgsqlBatch batch, IReadOnlyList<ChargeStanding> rows) => Columns.Add(
        batch, InsertCharges,
        Columns.Of(rows, row => row.Posted),
        Columns.Of(rows, row => row.Now.Charge.Value),
        Columns.Of(rows, row => row.Now.Period.Tenant.ToString()),
        Columns.Of(rows, row => row.Now.Period.Currency.Code),
        Columns.Of(rows, row => Columns.Name(row.Now.Period.Subscription)),
        Columns.Of(rows, row => row.Now.Period.Start),
        Columns.Of(rows, row => row.Posting.Booking.Period.EndExclusive),
        Columns.Of(rows, row => row.Now.Serves.Start),
        Columns.Of(rows, row => row.Now.Serves.EndExclusive),
        Columns.Of(rows, row => Words.Of(row.Now.Kind)),
        Columns.Of(rows, row => Columns.Name(row.Now.Meter)),
        Columns.Of(rows, row => Columns.Number(row.Now.Amount)),
        Columns.Of(rows, row => Columns.Number(row.Posting.Quantity)),
        Columns.Of(rows, row => row.Now.EffectiveAt),
        Columns.Of(rows, row => row.Posting.Origin.RecordedAt),
        Columns.Of(rows, row => Columns.Number(row.Now.Left)),
        Columns.Of(rows, row => Columns.Number(row.Now.Units)),
        Columns.Of(rows, row => row.Now.VoidedBy),
        Columns.Of(rows, row => row.Now.IsTakenBack),
        Columns.Of(rows, row => row.Now.Position));

    public static void Change(NpgsqlBatch batch, IReadOnlyList<ChargeStanding> rows) => Columns.Add(
        batch, UpdateCharges,
        Columns.Of(rows, row => row.Posted),
        Columns.Of(rows, row => Columns.Number(row.Now.Left)),
        Columns.Of(rows, row => Columns.Number(row.Now.Units)),
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
        Columns.Of(rows, row => Columns.Name(row.Moved.Of.Meter)),
        Columns.Of(rows, row => row.Change.What),
        Columns.Of(rows, row => Columns.Number(row.Change.Amount)),
        Columns.Of(rows, row => Columns.Number(row.Change.Units)),
        Columns.Of(rows, row => Columns.Name(row.Moved.Booking.Subscription)),
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
        Columns.Of(rows, row => Columns.Name(row.Period.Subscription)),
        Columns.Of(rows, row => row.Period.Start),
        Columns.Of(rows, row => Columns.Name(row.Meter)),
        Columns.Of(rows, row => row.Counting),
        Columns.Of(rows, row => Columns.Number(row.CountingLeft)),
        Columns.Of(rows, row => row.Voided),
        Columns.Of(rows, row => Columns.Number(row.VoidedAmount)),
        Columns.Of(rows, row => row.TakenBack),
        Columns.Of(rows, row => Columns.Number(row.TakenBackLeft)));
}
