using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Storage;
using Npgsql;
using NpgsqlTypes;

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
        command.Parameters.AddPeriods(all).Add(new() { Value = Array.ConvertAll(all, alone.Contains) });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var currency = Currency.Of(rows.GetString(2));
            found.Add(
                new(TenantId.Of(rows.GetString(0)), SqlArrays.Subscription(rows.GetString(1)), currency,
                    rows.GetFieldValue<DateTimeOffset>(3)),
                new((PeriodStatus)rows.GetInt16(4), rows.GetInt32(5),
                    rows.IsDBNull(6) ? null : SqlArrays.Amount(rows.GetString(6), currency),
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
        command.Parameters.AddPeriods([.. keys]);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var currency = Currency.Of(rows.GetString(2));
            var key = new PeriodKey(
                TenantId.Of(rows.GetString(0)), SqlArrays.Subscription(rows.GetString(1)), currency,
                rows.GetFieldValue<DateTimeOffset>(3));
            booked.Add(key, new(
                key, rows.GetInt64(4), SqlArrays.Amount(rows.GetString(5), currency), rows.GetGuid(6),
                rows.GetGuid(7)));
        }

        return booked;
    }

    public static NpgsqlBatchCommand Add(IReadOnlyList<Slip> slips)
    {
        var command = new NpgsqlBatchCommand("select add_slips($1, $2, $3, $4, $5, $6, $7, $8)");
        var parameters = command.Parameters.AddPeriods([.. slips.Select(slip => slip.Period)]);
        parameters.Add(new() { Value = slips.Select(slip => slip.Entries).ToArray() });
        parameters.AddTexts(slips.Select(slip => (string?)slip.Sum.Number()))
            .AddIds(slips.Select(slip => slip.First)).AddIds(slips.Select(slip => slip.Last));
        return command;
    }

    /// <param name="changed">What each period is now.</param>
    /// <param name="before">What it was when it was held.</param>
    public static NpgsqlBatchCommand Move(
        IReadOnlyDictionary<PeriodKey, PeriodGuard> changed, Func<PeriodKey, PeriodGuard> before)
    {
        var command = new NpgsqlBatchCommand("select move_periods($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
        PeriodKey[] keys = [.. changed.Keys];
        var parameters = command.Parameters.AddPeriods(keys);
        Add(keys.Select(before));
        Add(changed.Values);
        parameters.AddTexts(changed.Values.Select(guard => guard.ClosedSum?.Number()))
            .AddIds(changed.Values.Select(guard => guard.Invoice?.Value));
        return command;

        void Add(IEnumerable<PeriodGuard> guards)
        {
            parameters.Add(new()
            {
                Value = guards.Select(guard => (short)guard.Status).ToArray(),
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint,
            });
            parameters.Add(new() { Value = guards.Select(guard => guard.CloseNumber).ToArray() });
        }
    }
}
