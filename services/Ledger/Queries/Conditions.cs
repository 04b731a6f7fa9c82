using System.Globalization;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database.Paging;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Queries;

/// <summary>What a question asks for, as SQL with parameters.</summary>
internal sealed class Conditions
{
    private readonly List<NpgsqlParameter> _values;
    private readonly List<string> _all = [];

    public Conditions() : this([])
    {
    }

    private Conditions(List<NpgsqlParameter> values) => _values = values;

    public bool IsEmpty => _all.Count == 0;

    public string Sql => IsEmpty ? "true" : string.Join(" and ", _all);

    /// <summary>Other conditions of the same statement.</summary>
    public Conditions Part() => new(_values);

    /// <summary>The placeholder of a value.</summary>
    public string Value(object value, NpgsqlDbType type)
    {
        _values.Add(new() { Value = value, NpgsqlDbType = type });
        return string.Create(CultureInfo.InvariantCulture, $"${_values.Count}");
    }

    public string Value(long value) => Value(value, NpgsqlDbType.Bigint);

    public string Value(string value) => Value(value, NpgsqlDbType.Text);

    public string Value(DateTimeOffset value) => value == DateTimeOffset.MaxValue
        ? "'infinity'::timestamptz"
        : Value(value.ToUniversalTime(), NpgsqlDbType.TimestampTz);

    public void Add(string sql) => _all.Add(sql);

    /// <summary>Nothing where the text is not given.</summary>
    public void Named<T>(string column, string? text, string parameter) where T : struct, IText<T>
    {
        if (text is null) return;
        if (!Text.TryRead<T>(text, out _))
            throw new RefusedRequestException($"'{parameter}' is not a {typeof(T).Name}.");

        Add($"{column} = {Value(text)}");
    }

    /// <summary>A month of UTC, as 2026-03.</summary>
    public void Month(string column, string? text, string parameter)
    {
        if (text is null) return;
        if (!DateTimeOffset.TryParseExact(
            text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start))
            throw new RefusedRequestException($"'{parameter}' is a month, as 2026-03.");

        Add($"{column} >= {Value(start)} and {column} < {Value(start.AddMonths(1))}");
    }

    public void Moment(string column, string comparison, string? text, string parameter)
    {
        if (AskedMoment.Read(text, parameter) is { } moment) Add($"{column} {comparison} {Value(moment)}");
    }

    public void Number(string column, string comparison, string? text, string parameter)
    {
        if (text is null) return;
        if (!decimal.TryParse(
            text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out var number))
            throw new RefusedRequestException($"'{parameter}' is a number, as 12.5.");

        Add($"{column} {comparison} {Value(number, NpgsqlDbType.Numeric)}");
    }

    public NpgsqlCommand Command(string sql, NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in _values) command.Parameters.Add(value);
        return command;
    }

    /// <summary>Runs it and reads all rows.</summary>
    public async Task<List<T>> Read<T>(
        string sql, NpgsqlConnection connection, Func<NpgsqlDataReader, T> read,
        CancellationToken cancellation)
    {
        await using var command = Command(sql, connection);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<T>();
        while (await rows.ReadAsync(cancellation)) found.Add(read(rows));
        return found;
    }
}

/// <summary>Reads values of rows.</summary>
internal static class Cells
{
    /// <summary>SQL for an amount as it is spelled.</summary>
    public static string Amount(string number, string currency) =>
        $"trim_scale({number})::text || ' ' || {currency}";

    public static Amount GetAmount(this NpgsqlDataReader row, int column) =>
        Text.Read<Amount>(row.GetString(column));

    public static Quantity? GetQuantity(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : Text.Read<Quantity>(row.GetString(column));

    public static DateTimeOffset GetMoment(this NpgsqlDataReader row, int column) =>
        row.GetFieldValue<DateTimeOffset>(column);

    /// <summary>Null for an empty name.</summary>
    public static string? FindName(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) || row.GetString(column) is not { Length: > 0 } name ? null : name;

    public static Guid? FindGuid(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetGuid(column);
}
