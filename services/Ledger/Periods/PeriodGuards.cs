using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Periods;

/// <summary>The rows of periods: held, then booked into or moved.</summary>
public static class PeriodGuards
{
    /// <summary>
    /// Holds these periods and all that come after them, in the order of their keys, shared; those in
    /// <paramref name="alone"/> exclusively. Answers with their state, which cannot change any more.
    /// </summary>
    public static async Task<Dictionary<PeriodKey, PeriodGuard>> Hold(
        NpgsqlConnection connection, IReadOnlyCollection<PeriodKey> keys, IReadOnlySet<PeriodKey> alone,
        CancellationToken cancellation)
    {
        var found = new Dictionary<PeriodKey, PeriodGuard>();
        if (keys.Count == 0) return found;

        PeriodKey[] all = [.. keys];
        await using var command = new NpgsqlCommand(
            "select * from hold_periods($1, $2, $3, $4, $5)", connection);
        command.Parameters.AddRange(
            (NpgsqlParameter[])[.. PeriodColumns.Of(all), Columns.Of(all, alone.Contains)]);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var key = PeriodColumns.Read(rows);
            found.Add(key, new(
                (PeriodStatus)rows.GetInt16(4), rows.GetInt32(5),
                rows.IsDBNull(6) ? null : PeriodColumns.Amount(rows.GetString(6), key.Currency),
                rows.IsDBNull(7) ? null : new InvoiceId(rows.GetGuid(7))));
        }

        return found;
    }

    /// <summary>All slips of each period together; to be asked when it is held alone.</summary>
    public static async Task<Dictionary<PeriodKey, Slip>> Booked(
        NpgsqlConnection connection, IReadOnlyCollection<PeriodKey> keys, CancellationToken cancellation)
    {
        var booked = new Dictionary<PeriodKey, Slip>();
        if (keys.Count == 0) return booked;

        await using var command = new NpgsqlCommand(
            """
            select s.tenant_id, s.subscription_id, s.currency, s.starts_at, sum(s.entries)::bigint,
                trim_scale(sum(s.sum))::text, (array_agg(s.first_event order by s.slip_id))[1],
                (array_agg(s.last_event order by s.slip_id desc))[1]
            from unnest($1, $2, $3, $4) as k (t, s, c, m)
            join period_slips s
                on s.tenant_id = k.t and s.subscription_id = k.s and s.currency = k.c and s.starts_at = k.m
            group by 1, 2, 3, 4
            """, connection);
        command.Parameters.AddRange(PeriodColumns.Of([.. keys]));
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var key = PeriodColumns.Read(rows);
            booked.Add(key, new(
                key, rows.GetInt64(4), PeriodColumns.Amount(rows.GetString(5), key.Currency),
                rows.GetGuid(6), rows.GetGuid(7)));
        }

        return booked;
    }

    public static NpgsqlBatchCommand Add(IReadOnlyList<Slip> slips) => Columns.Command(
        "select add_slips($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            .. PeriodColumns.Of([.. slips.Select(slip => slip.Period)]),
            Columns.Of(slips, slip => slip.Entries),
            Columns.Of(slips, slip => Columns.Number(slip.Sum)),
            Columns.Of(slips, slip => slip.First),
            Columns.Of(slips, slip => slip.Last),
        ]);

    /// <param name="changed">What each period is now.</param>
    /// <param name="before">What it was when it was held.</param>
    public static NpgsqlBatchCommand Move(
        IReadOnlyDictionary<PeriodKey, PeriodGuard> changed, Func<PeriodKey, PeriodGuard> before)
    {
        PeriodKey[] keys = [.. changed.Keys];
        PeriodGuard[] guards = [.. changed.Values];
        return Columns.Command(
            "select move_periods($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                .. PeriodColumns.Of(keys),
                Columns.Of(keys, key => (short)before(key).Status),
                Columns.Of(keys, key => before(key).CloseNumber),
                Columns.Of(guards, guard => (short)guard.Status),
                Columns.Of(guards, guard => guard.CloseNumber),
                Columns.Of(guards, guard => guard.ClosedSum is { } sum ? Columns.Number(sum) : null),
                Columns.Of(guards, guard => guard.Invoice?.Value),
            ]);
    }
}
