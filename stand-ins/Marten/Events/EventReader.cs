using System.Text.Json;
using JasperFx.Events;
using Marten.Exceptions;
using Npgsql;

namespace Marten.Events;

/// <summary>Rows of <c>mt_events</c> as events.</summary>
internal sealed class EventReader
{
    private readonly EventTypes types;
    private readonly JsonSerializerOptions json;
    private readonly MetadataConfig metadata;

    public EventReader(StoreOptions options)
    {
        (types, json) = (options.EventOptions.Types, options.Json);
        metadata = options.Events.MetadataConfig;
        Columns = "seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type,"
            + " is_archived"
            + (metadata.CausationIdEnabled ? ", causation_id" : "")
            + (metadata.CorrelationIdEnabled ? ", correlation_id" : "")
            + (metadata.UserNameEnabled ? ", user_name" : "")
            + (metadata.HeadersEnabled ? ", headers" : "");
    }

    public string Columns { get; }

    /// <exception cref="UnknownEventTypeException">Nobody has named the type.</exception>
    /// <exception cref="EventDeserializationFailureException">It is not what its type says.</exception>
    public IEvent Read(NpgsqlDataReader row)
    {
        var sequence = row.GetInt64(0);
        var name = row.GetString(5);
        var dotNetName = Text(row, 8);
        var stored = types.Reading(name, dotNetName, sequence);
        var e = Data(row, stored, sequence);
        (e.Sequence, e.Id) = (sequence, row.GetGuid(1));
        (e.StreamKey, e.Version) = (row.GetString(2), row.GetInt64(3));
        (e.EventTypeName, e.DotNetTypeName) = (name, dotNetName ?? "");
        e.Timestamp = row.GetFieldValue<DateTimeOffset>(6);
        (e.TenantId, e.IsArchived) = (row.GetString(7), !row.IsDBNull(9) && row.GetBoolean(9));

        var next = 10;
        if (metadata.CausationIdEnabled) e.CausationId = Text(row, next++);
        if (metadata.CorrelationIdEnabled) e.CorrelationId = Text(row, next++);
        if (metadata.UserNameEnabled) e.UserName = Text(row, next++);
        if (metadata.HeadersEnabled && !row.IsDBNull(next))
            e.Headers = JsonSerializer.Deserialize<Dictionary<string, object>>(
                row.GetFieldValue<byte[]>(next), json);

        return e;
    }

    private IEvent Data(NpgsqlDataReader row, EventTypes.Stored stored, long sequence)
    {
        try
        {
            return stored.Read(row.GetFieldValue<byte[]>(4), json);
        }
        catch (Exception failure) when (failure is not NpgsqlException)
        {
            throw new EventDeserializationFailureException(sequence, failure);
        }
    }

    private static string? Text(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);
}
