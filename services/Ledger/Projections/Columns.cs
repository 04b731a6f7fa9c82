using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Projections;

/// <summary>
/// Rows as one array for each column, which is how thousands of them travel in one statement. (COPY is not
/// possible for a role that row-level security applies to.)
/// </summary>
internal static class Columns
{
    private static readonly Dictionary<Type, NpgsqlDbType> Types = new()
    {
        [typeof(int)] = NpgsqlDbType.Integer,
        [typeof(long)] = NpgsqlDbType.Bigint,
        [typeof(long?)] = NpgsqlDbType.Bigint,
        [typeof(bool)] = NpgsqlDbType.Boolean,
        [typeof(Guid)] = NpgsqlDbType.Uuid,
        [typeof(Guid?)] = NpgsqlDbType.Uuid,
        [typeof(DateOnly)] = NpgsqlDbType.Date,
        [typeof(DateTimeOffset)] = NpgsqlDbType.TimestampTz,
        [typeof(DateTimeOffset?)] = NpgsqlDbType.TimestampTz,
        [typeof(string)] = NpgsqlDbType.Text,
    };

    /// <summary>Does nothing where there are no rows.</summary>
    public static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        if (columns is [{ Value: Array { Length: 0 } }, ..]) return;

        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in columns) command.Parameters.Add(column);
        batch.BatchCommands.Add(command);
    }

    public static NpgsqlParameter Of<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> part)
    {
        var values = new T[rows.Count];
        for (var place = 0; place < values.Length; place++) values[place] = part(rows[place]);
        return new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | Types[typeof(T)] };
    }

    /// <summary>
    /// The number alone. As text, since decimals of 38 digits fit no number of the platform.
    /// </summary>
    public static string Number(Amount amount)
    {
        Span<char> buffer = stackalloc char[Amount.LongestText];
        return new(buffer[..(amount.Write(buffer) - Currency.LongestText - 1)]);
    }

    public static string? Number(Quantity? quantity) => quantity is { } units ? Text.Spell(units) : null;

    /// <summary>Empty for none, so that it can be part of a key.</summary>
    public static string Name(MeterId? meter) => meter is { } named ? named.ToString() : "";

    /// <summary>Empty for none, so that it can be part of a key.</summary>
    public static string Name(SubscriptionId? subscription) =>
        subscription is { } named ? named.ToString() : "";
}
