using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>What the charges of a page need of those before it.</summary>
internal static class ChargeReads
{
    // By the event store's index of ids; the rows are then found by their positions.
    private const string Select =
        """
        select e.seq_id, e.id, c.tenant_id, c.subscription, c.currency, c.period_start,
            c.kind, c.serves_start, c.serves_end, c.meter, trim_scale(c.amount)::text,
            trim_scale(c.left_amount)::text, trim_scale(c.left_units)::text, c.effective_at, c.voided_by,
            c.is_taken_back, c.changed_position
        from events.mt_events e left join charges c on c.position = e.seq_id where e.id = any ($1)
        """;

    private const string SelectEarly =
        """
        select charge_id, position, event_id, tenant_id, what, trim_scale(amount)::text || ' ' || currency,
            trim_scale(units)::text, effective_at, recorded_at, actor, reason, reversed
        from charge_changes
        where charge_position > position and charge_position > $1 and charge_position <= $2
            and position <= $1
        order by position
        """;

    /// <summary>What was taken in already, of charges that are posted only in this page.</summary>
    public static async Task<IReadOnlyList<ChargeChange>> Early(
        long floor, long ceiling, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(SelectEarly, connection)
        {
            Parameters = { new() { Value = floor }, new() { Value = ceiling } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var changes = new List<ChargeChange>();
        while (await rows.ReadAsync(cancellation))
            changes.Add(new(
                new(rows.GetGuid(0)), rows.GetInt64(1), rows.GetGuid(2), TenantId.Of(rows.GetString(3)),
                rows.GetString(4), Text.Read<Amount>(rows.GetString(5)),
                rows.IsDBNull(6) ? null : Text.Read<Quantity>(rows.GetString(6)),
                rows.GetFieldValue<DateTimeOffset>(7), rows.GetFieldValue<DateTimeOffset>(8),
                rows.GetString(9), rows.IsDBNull(10) ? null : rows.GetString(10),
                rows.IsDBNull(11) ? null : new CorrectionId(rows.GetGuid(11))));
        return changes;
    }

    public static async Task<IReadOnlyList<ChargeStanding>> ByIds(
        IReadOnlyList<ChargeId> ids, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Select, connection)
        {
            Parameters = { new() { Value = ids.Select(id => id.Value).ToArray() } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<ChargeStanding>(ids.Count);
        while (await rows.ReadAsync(cancellation)) found.Add(Read(rows));
        return found;
    }

    private static ChargeStanding Read(NpgsqlDataReader row)
    {
        var id = new ChargeId(row.GetGuid(1));
        if (row.IsDBNull(2)) return new(id, row.GetInt64(0), null);

        var before = new ChargeRow(
            id, PeriodOf(row), Words.Find<ChargeKind>(row.GetString(6))!.Value,
            new(row.GetFieldValue<DateTimeOffset>(7), row.GetFieldValue<DateTimeOffset>(8)),
            row.GetString(9) is { Length: > 0 } meter ? MeterId.Of(meter) : null,
            AmountAt(10), AmountAt(11), row.IsDBNull(12) ? null : Text.Read<Quantity>(row.GetString(12)),
            row.GetFieldValue<DateTimeOffset>(13), row.IsDBNull(14) ? null : row.GetGuid(14),
            row.GetBoolean(15), row.GetInt64(16));
        return new(id, row.GetInt64(0), before);

        Amount AmountAt(int column) => Text.Read<Amount>($"{row.GetString(column)} {row.GetString(4)}");
    }

    private static PeriodKey PeriodOf(NpgsqlDataReader row) => new(
        TenantId.Of(row.GetString(2)),
        row.GetString(3) is { Length: > 0 } named ? SubscriptionId.Of(named) : null,
        Currency.Of(row.GetString(4)), row.GetFieldValue<DateTimeOffset>(5));
}
