using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// Rows as one array for each column, which is how thousands of them travel in one statement. (COPY is not
/// possible for a role that row-level security applies to.)
/// </summary>
public static class Columns
{
    private static readonly Dictionary<Type, NpgsqlDbType> Types = new()
    {
        [typeof(short)] = NpgsqlDbType.Smallint,
        [typeof(int)] = NpgsqlDbType.Integer,
        [typeof(int?)] = NpgsqlDbType.Integer,
        [typeof(long)] = NpgsqlDbType.Bigint,
        [typeof(long?)] = NpgsqlDbType.Bigint,
        [typeof(decimal?)] = NpgsqlDbType.Numeric,
        [typeof(bool)] = NpgsqlDbType.Boolean,
        [typeof(Guid)] = NpgsqlDbType.Uuid,
        [typeof(Guid?)] = NpgsqlDbType.Uuid,
        [typeof(DateOnly)] = NpgsqlDbType.Date,
        [typeof(DateTimeOffset)] = NpgsqlDbType.TimestampTz,
        [typeof(DateTimeOffset?)] = NpgsqlDbType.TimestampTz,
        [typeof(string)] = NpgsqlDbType.Text,
        [typeof(byte[])] = NpgsqlDbType.Bytea,
        [typeof(ReadOnlyMemory<byte>)] = NpgsqlDbType.Bytea,
    };

    public static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>Does nothing where there are no rows.</summary>
    public static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        if (columns is [{ Value: Array { Length: 0 } }, ..]) return;

        batch.BatchCommands.Add(Command(sql, columns));
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

    /// <summary>
    /// The numbers alone. As text where one of them has more digits than a number of the platform holds; the
    /// statement casts to numeric in either case.
    /// </summary>
    public static NpgsqlParameter Numbers<TRow>(IReadOnlyList<TRow> rows, Func<TRow, Amount> part)
    {
        var values = new decimal?[rows.Count];
        for (var place = 0; place < values.Length; place++)
            if (!TryExact(part(rows[place]).Trillionths, Amount.Decimals, out values[place]))
                return Of(rows, row => Number(part(row)));
        return Of(values, value => value);
    }

    /// <summary>As for amounts; null for none.</summary>
    public static NpgsqlParameter Numbers<TRow>(IReadOnlyList<TRow> rows, Func<TRow, Quantity?> part)
    {
        var values = new decimal?[rows.Count];
        for (var place = 0; place < values.Length; place++)
            if (part(rows[place]) is { } units
                && !TryExact(units.Billionths, Quantity.Decimals, out values[place]))
                return Of(rows, row => part(row) is { } one ? Text.Spell(one) : null);
        return Of(values, value => value);
    }

    /// <summary>The number alone, as it is spelled.</summary>
    public static string Number(Amount amount)
    {
        Span<char> buffer = stackalloc char[Amount.LongestText];
        return new(buffer[..(amount.Write(buffer) - Currency.LongestText - 1)]);
    }

    private static bool TryExact(Int128 count, byte decimals, out decimal? value)
    {
        value = null;
        var magnitude = (UInt128)Int128.Abs(count);
        if (magnitude >> 96 != 0) return false;

        value = new decimal(
            unchecked((int)(uint)magnitude), unchecked((int)(uint)(magnitude >> 32)),
            unchecked((int)(uint)(magnitude >> 64)), Int128.IsNegative(count), decimals);
        return true;
    }

    private static NpgsqlDbType TypeOf<T>() => Types.TryGetValue(typeof(T), out var type)
        ? type
        : throw new ArgumentException($"No column holds {typeof(T)}.");
}
