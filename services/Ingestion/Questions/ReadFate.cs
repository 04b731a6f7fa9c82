using System.Text;
using Billing.Ingestion.Usage;
using Npgsql;

namespace Billing.Ingestion.Questions;

/// <summary>Puts the fate of an event together, in one snapshot.</summary>
/// <param name="Tenant">Who asks, where a tenant does; then there is less to be seen.</param>
internal sealed record ReadFate(
    NpgsqlConnection Connection, int SourceId, string Source, string Id, string? Tenant)
{
    public async Task<EventFate?> Read(CancellationToken cancellation)
    {
        var key = await Key(cancellation);
        var refusals = Tenant is null ? await Refusals(cancellation) : [];
        if (key is null && refusals.Count == 0) return null;

        var isHere = key is { State: not UsageState.Awaited };
        var original = isHere ? await Original(key!, cancellation) : null;
        var history = isHere ? await History(cancellation) : [];
        var changes = key is null ? null : await ChangeOf(cancellation);
        return new(
            Source, Id, key?.Tenant, key?.State, key?.Revision ?? 0,
            isHere ? key!.ReceivedAt : null,
            key is null ? null : await Waits(key, changes, cancellation), changes,
            key is null ? [] : await ChangedBy(cancellation), original?.Body, original?.Via, original?.SentBy,
            history, !isHere ? [] : await FindFacts.Of(this, key!, history, cancellation), refusals);
    }

    internal NpgsqlCommand Command(string sql, params object[] more)
    {
        var command = new NpgsqlCommand(sql, Connection);
        foreach (var value in (object[])[SourceId, Id, .. more])
            command.Parameters.Add(new() { Value = value });
        return command;
    }

    private async Task<EventKey?> Key(CancellationToken cancellation)
    {
        // The tenant's database role sees no others; this says it a second time.
        await using var command = Command(
            """
            select tenant_id, state, revision, received_at from usage_keys
            where source_id = $1 and id = $2 and ($3::text is null or tenant_id = $3)
            """, (object?)Tenant ?? DBNull.Value);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        return await rows.ReadAsync(cancellation)
            ? new(
                rows.GetString(0), (UsageState)rows.GetInt16(1), rows.GetInt32(2),
                rows.GetFieldValue<DateTimeOffset>(3))
            : null;
    }

    private async Task<(string Body, UsageVia Via, string? SentBy)?> Original(
        EventKey key, CancellationToken cancellation)
    {
        await using var command = Command(
            $"""
            select body, via, {(Tenant is null ? "sent_by" : "null::text")} from usage_originals
            where received_at = $3 and source_id = $1 and id = $2 limit 1
            """, key.ReceivedAt);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        return await rows.ReadAsync(cancellation)
            ? (Encoding.UTF8.GetString(rows.GetFieldValue<byte[]>(0)), (UsageVia)rows.GetInt16(1),
                rows.IsDBNull(2) ? null : rows.GetString(2))
            : null;
    }

    private async Task<List<EventMoment>> History(CancellationToken cancellation)
    {
        await using var command = Command(
            "select at, state, revision from usage_history where source_id = $1 and id = $2 order by at");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var moments = new List<EventMoment>();
        while (await rows.ReadAsync(cancellation))
            moments.Add(new(
                rows.GetFieldValue<DateTimeOffset>(0), (UsageState)rows.GetInt16(1), rows.GetInt32(2)));
        return moments;
    }

    private async Task<string?> ChangeOf(CancellationToken cancellation)
    {
        await using var command = Command(
            "select original_id from usage_changes where source_id = $1 and id = $2 limit 1");
        return (string?)await command.ExecuteScalarAsync(cancellation);
    }

    private async Task<List<EventChange>> ChangedBy(CancellationToken cancellation)
    {
        await using var command = Command(
            """
            select c.id, c.is_cancel, k.state, c.received_at from usage_changes c
            left join usage_keys k on k.source_id = c.source_id and k.id = c.id
            where c.source_id = $1 and c.original_id = $2 order by c.received_at, c.id limit 100
            """);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var changes = new List<EventChange>();
        while (await rows.ReadAsync(cancellation))
            changes.Add(new(
                rows.GetString(0), rows.GetBoolean(1),
                rows.IsDBNull(2) ? null : (UsageState)rows.GetInt16(2),
                rows.GetFieldValue<DateTimeOffset>(3)));
        return changes;
    }

    private async Task<WaitsFor?> Waits(EventKey key, string? changes, CancellationToken cancellation)
    {
        if (key.State == UsageState.Waiting)
            return new("no-original", $"The event '{changes}', which it changes, has not come.");
        if (key.State == UsageState.Awaited)
            return new("no-event", "Only a cancel or amendment of it has come, not the event itself.");
        if (key.State != UsageState.Unmatched) return null;

        await using var command = new NpgsqlCommand("select is_tenant_known($1)", Connection)
        {
            Parameters = { new() { Value = key.Tenant } },
        };
        var refusal = (bool)(await command.ExecuteScalarAsync(cancellation))!
            ? Refusal.NoMeter
            : Refusal.UnknownTenant;
        return new(refusal.Code, refusal.Detail);
    }

    private async Task<List<RefusedEvent>> Refusals(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select {RefusedEvent.Columns} from usage_refusals where source = $1 and id = $2
            order by received_at desc, refusal_id desc limit 100
            """, Connection)
        {
            Parameters = { new() { Value = Source }, new() { Value = Id } },
        };
        return await RefusedEvent.Read(command, cancellation);
    }
}

/// <summary>The row of an event in usage_keys.</summary>
internal sealed record EventKey(string Tenant, UsageState State, int Revision, DateTimeOffset ReceivedAt);
