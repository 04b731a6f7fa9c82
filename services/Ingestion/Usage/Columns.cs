using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Rows as one array for each column, which is how thousands of them travel in one statement.
/// </summary>
public static class Columns
{
    private static readonly Dictionary<Type, NpgsqlDbType> Types = new()
    {
        [typeof(int)] = NpgsqlDbType.Integer,
        [typeof(int?)] = NpgsqlDbType.Integer,
        [typeof(long)] = NpgsqlDbType.Bigint,
        [typeof(long?)] = NpgsqlDbType.Bigint,
        [typeof(short)] = NpgsqlDbType.Smallint,
        [typeof(bool)] = NpgsqlDbType.Boolean,
        [typeof(Guid)] = NpgsqlDbType.Uuid,
        [typeof(DateOnly)] = NpgsqlDbType.Date,
        [typeof(DateTimeOffset)] = NpgsqlDbType.TimestampTz,
        [typeof(string)] = NpgsqlDbType.Text,
        [typeof(byte[])] = NpgsqlDbType.Bytea,
        [typeof(ReadOnlyMemory<byte>)] = NpgsqlDbType.Bytea,
    };

    public static NpgsqlBatchCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    public static NpgsqlParameter One(DateTimeOffset moment) =>
        new() { Value = moment, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    public static NpgsqlParameter Of<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> part)
    {
        var values = new T[rows.Count];
        for (var place = 0; place < values.Length; place++) values[place] = part(rows[place]);
        return new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | TypeOf<T>() };
    }

    /// <summary>
    /// As <see cref="Of"/>; an empty array where all are null, which reads the same beside longer ones in the
    /// select list.
    /// </summary>
    public static NpgsqlParameter OfFew<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T?> part)
    {
        foreach (var row in rows)
            if (part(row) is not null) return Of(rows, part);

        return new() { Value = Array.Empty<T?>(), NpgsqlDbType = NpgsqlDbType.Array | TypeOf<T?>() };
    }

    private static NpgsqlDbType TypeOf<T>() =>
        Types.TryGetValue(typeof(T), out var type)
            ? type
            : throw new ArgumentException($"No column holds {typeof(T)}.");
}
