using System.Text;
using System.Text.Json;
using Marten.Documents;
using Npgsql;
using NpgsqlTypes;

namespace Marten.Sessions;

/// <summary>One statement of a unit of work, and what must be true of it.</summary>
/// <param name="Check">Given the number of rows; throws when the transaction must not go on.</param>
internal sealed record Operation(
    NpgsqlBatchCommand Command, Action<ulong>? Check = null, object? Stored = null, object? Deleted = null)
{
    public static Operation Store(DocumentTable table, object document, JsonSerializerOptions json)
    {
        var command = new NpgsqlBatchCommand(
            $"insert into {table.Name} (id, data, mt_last_modified, mt_version, mt_dotnet_type)"
            + " values ($1, $2, transaction_timestamp(), $3, $4) on conflict (id) do update set"
            + " data = excluded.data, mt_last_modified = excluded.mt_last_modified,"
            + " mt_version = excluded.mt_version, mt_dotnet_type = excluded.mt_dotnet_type");
        command.Parameters.Add(new() { Value = table.IdOf(document) });
        command.Parameters.Add(new()
        {
            Value = JsonSerializer.SerializeToUtf8Bytes(document, table.Type, json),
            NpgsqlDbType = NpgsqlDbType.Jsonb,
        });
        command.Parameters.Add(new() { Value = Guid.CreateVersion7() });
        command.Parameters.Add(new() { Value = table.DotNetName });

        return new(command, Stored: document);
    }

    public static Operation Delete(DocumentTable table, object id, object deleted)
    {
        var command = new NpgsqlBatchCommand($"delete from {table.Name} where id = $1");
        command.Parameters.Add(new() { Value = id });

        return new(command, Deleted: deleted);
    }

    /// <exception cref="ArgumentException">There are more or fewer placeholders than values.</exception>
    public static Operation Sql(char placeholder, string sql, object?[] values)
    {
        var text = new StringBuilder(sql.Length + (2 * values.Length));
        var place = 0;
        foreach (var character in sql)
        {
            if (character == placeholder) text.Append('$').Append(++place);
            else text.Append(character);
        }

        if (place != values.Length)
            throw new ArgumentException($"{place} placeholders and {values.Length} values in: {sql}");

        var command = new NpgsqlBatchCommand(text.ToString());
        foreach (var value in values) command.Parameters.Add(new() { Value = value ?? DBNull.Value });

        return new(command);
    }
}

/// <summary>What one save wrote, for listeners.</summary>
internal sealed record Changes(
    IReadOnlyList<JasperFx.Events.StreamAction> Streams, IReadOnlyList<Operation> Operations)
    : Services.IChangeSet
{
    public IEnumerable<object> Updated => Operations.Select(operation => operation.Stored).OfType<object>();
    public IEnumerable<object> Deleted => Operations.Select(operation => operation.Deleted).OfType<object>();

    public IEnumerable<JasperFx.Events.IEvent> GetEvents() => Streams.SelectMany(stream => stream.Events);

    public IEnumerable<JasperFx.Events.StreamAction> GetStreams() => Streams;
}
