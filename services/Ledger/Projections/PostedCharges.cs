using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>A charge as it is posted, with its place in the ledger.</summary>
internal readonly record struct PostedCharge(Positioned Happened, ChargePosted Posting)
{
    public ChargeId Id => new(Happened.Id);

    public long Position => Happened.Position;
}

/// <summary>
/// Rows of charges that nothing has moved yet. What many of them have in common travels once: their periods,
/// and what they are of, which are few.
/// </summary>
internal static class PostedCharges
{
    private const string Insert =
        """
        insert into charges (position, charge_id, tenant_id, currency, subscription, period_start, period_end,
            serves_start, serves_end, kind, meter, amount, units, effective_at, recorded_at, left_amount,
            left_units, is_taken_back, changed_position)
        select p, i, t, ($11::text[])[l], s, ($14::timestamptz[])[n], ($15::timestamptz[])[n],
            ($16::timestamptz[])[n], ($17::timestamptz[])[n], ($12::text[])[l], ($13::text[])[l], a::numeric,
            u::numeric, f, r, a::numeric, u::numeric, false, p
        from (select unnest($1) as p, unnest($2) as i, unnest($3) as t, unnest($4) as s, unnest($5) as n,
            unnest($6) as l, unnest($7) as a, unnest($8) as u, unnest($9) as f, unnest($10) as r) as rows
        """;

    public static void Add(NpgsqlBatch batch, IReadOnlyList<PostedCharge> rows)
    {
        if (rows.Count == 0) return;

        var periods = new Places<(BillingPeriod Booked, BillingPeriod Serves)>();
        var labels = new Places<Label>();
        Columns.Add(
            batch, Insert,
            Columns.Of(rows, row => row.Position),
            Columns.Of(rows, row => row.Happened.Id),
            Columns.Of(rows, row => row.Posting.Tenant.ToString()),
            Columns.Of(rows, row => Names.Of(row.Posting.Booking.Subscription)),
            Columns.Of(rows, row => periods.Of((row.Posting.Booking.Period, row.Posting.Served()))),
            Columns.Of(rows, row => labels.Of(LabelOf(row.Posting))),
            Columns.Numbers(rows, row => row.Posting.Amount),
            Columns.Numbers(rows, row => row.Posting.Quantity),
            Columns.Of(rows, row => row.Posting.Origin.EffectiveAt),
            Columns.Of(rows, row => row.Posting.Origin.RecordedAt),
            Columns.Of(labels.Values, label => label.Currency.Code),
            Columns.Of(labels.Values, label => Words.Of(label.Kind)),
            Columns.Of(labels.Values, label => Names.Of(label.Meter)),
            Columns.Of(periods.Values, period => period.Booked.Start),
            Columns.Of(periods.Values, period => period.Booked.EndExclusive),
            Columns.Of(periods.Values, period => period.Serves.Start),
            Columns.Of(periods.Values, period => period.Serves.EndExclusive));
    }

    private static Label LabelOf(ChargePosted posting) =>
        new(posting.Amount.Currency, posting.Kind, posting.Meter);

    private readonly record struct Label(Currency Currency, ChargeKind Kind, MeterId? Meter);
}
