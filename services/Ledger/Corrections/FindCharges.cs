using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.Database;
using NpgsqlTypes;

namespace Billing.Ledger.Corrections;

/// <summary>
/// Finds charges in the event store itself, so that none is missed which a view does not show yet.
/// </summary>
public sealed class FindCharges(ServiceDatabase database)
{
    public async Task<IReadOnlyList<ChargeId>> Of(
        TenantId tenant, BulkRequests.Filter filter, int most, CancellationToken cancellation)
    {
        var stream = new StreamId.Usage(
            new(tenant, filter.Subscription, filter.Currency, filter.PeriodStart.ToUniversalTime()));
        await using var command = database.Writer.CreateCommand(
            """
            select id from events.mt_events
            where stream_id = $1 and type = $2 and ($3::text is null or data ->> 'meter' = $3)
              and ($4::timestamptz is null or (data #>> '{origin,effectiveAt}')::timestamptz >= $4)
              and ($5::timestamptz is null or (data #>> '{origin,effectiveAt}')::timestamptz < $5)
            order by version limit $6
            """);
        command.Parameters.Add(new() { Value = stream.ToString(), NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = EventNames.ChargePosted });
        Add(filter.Meter is { } meter ? Text.Spell(meter) : null, NpgsqlDbType.Text);
        Add(filter.From?.ToUniversalTime(), NpgsqlDbType.TimestampTz);
        Add(filter.To?.ToUniversalTime(), NpgsqlDbType.TimestampTz);
        Add(most, NpgsqlDbType.Integer);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<ChargeId>();
        while (await rows.ReadAsync(cancellation)) found.Add(new(rows.GetGuid(0)));
        return found;

        void Add(object? value, NpgsqlDbType type) =>
            command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });
    }
}
