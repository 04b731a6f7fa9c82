using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// Rows as one array for each column, which is how thousands of them travel in one statement.
/// </summary>
internal static class Columns
{
    private static readonly Dictionary<Type, NpgsqlDbType> Types = new()
    {
        [typeof(int)] = NpgsqlDbType.Integer,
        [typeof(long)] = NpgsqlDbType.Bigint,
        [typeof(short)] = NpgsqlDbType.Smallint,
        [typeof(bool)] = NpgsqlDbType.Boolean,
        [typeof(Guid)] = NpgsqlDbType.Uuid,
        [typeof(Guid?)] = NpgsqlDbType.Uuid,
        [typeof(DateTimeOffset)] = NpgsqlDbType.TimestampTz,
        [typeof(DateTimeOffset?)] = NpgsqlDbType.TimestampTz,
        [typeof(string)] = NpgsqlDbType.Text,
        [typeof(byte[])] = NpgsqlDbType.Bytea,
    };

    public static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    public static NpgsqlParameter Of<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> part)
    {
        var values = new T[rows.Count];
        for (var place = 0; place < values.Length; place++) values[place] = part(rows[place]);
        return new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | Types[typeof(T)] };
    }
}
