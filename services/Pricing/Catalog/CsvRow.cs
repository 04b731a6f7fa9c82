using System.Globalization;
using System.Text.Json;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>One row of a catalog in CSV. What is wrong with a field is noted by line and column.</summary>
internal sealed class CsvRow
{
    private readonly Dictionary<string, string> fields = [];
    private readonly HashSet<string> asked = [];
    private readonly List<FileError> errors;

    public CsvRow(CsvText.Record record, IReadOnlyList<string> header, List<FileError> errors)
    {
        (Line, this.errors) = (record.Line, errors);
        if (record.Fields.Count > header.Count)
            errors.Add(new(Line, "", $"The row has {record.Fields.Count} fields, the head {header.Count}."));
        for (var index = 0; index < Math.Min(record.Fields.Count, header.Count); index++)
            if (record.Fields[index].Length > 0) fields[header[index]] = record.Fields[index];
    }

    public int Line { get; }

    public string? Text(string column)
    {
        asked.Add(column);
        return fields.GetValueOrDefault(column);
    }

    public string? NeededText(string column)
    {
        if (Text(column) is { } text) return text;

        Refuse(column, "This field is needed here.");
        return null;
    }

    public T? Value<T>(string column) where T : struct, IText<T> =>
        Text(column) is { } text ? Parse<T>(column, text) : null;

    public T? Needed<T>(string column) where T : struct, IText<T> =>
        NeededText(column) is { } text ? Parse<T>(column, text) : null;

    public T? Name<T>(string column) where T : struct, Enum
    {
        if (NeededText(column) is not { } text) return null;

        foreach (var value in Enum.GetValues<T>())
            if (JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()) == text) return value;

        var all = Enum.GetNames<T>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName);
        Refuse(column, $"One of: {string.Join(", ", all)}.");
        return null;
    }

    public DateTimeOffset? Moment(string column)
    {
        if (Text(column) is not { } text) return null;
        if (DateTimeOffset.TryParseExact(text, MomentJson.Format, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)) return moment;

        Refuse(column, "A moment in UTC is written 2026-03-01T00:00:00Z.");
        return null;
    }

    public IReadOnlyList<string> List(string column) =>
        Text(column)?.Split(';', StringSplitOptions.TrimEntries) ?? [];

    public List<T> Values<T>(string column) where T : struct, IText<T> =>
        [.. List(column).Select(text => Parse<T>(column, text)).OfType<T>()];

    public List<KeyValuePair<TKey, TValue>> Keyed<TKey, TValue>(string column)
        where TKey : struct, IText<TKey>
        where TValue : struct, IText<TValue>
    {
        var pairs = new List<KeyValuePair<TKey, TValue>>();
        foreach (var text in List(column))
        {
            if (text.Split('=', 2, StringSplitOptions.TrimEntries) is not [var name, var value])
                Refuse(column, $"{text}: a name and a value with = between them.");
            else if (Parse<TKey>(column, name) is { } key && Parse<TValue>(column, value) is { } read)
                pairs.Add(new(key, read));
        }

        return pairs;
    }

    public Properties? Pairs(string column)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in List(column))
        {
            if (text.Split('=', 2, StringSplitOptions.TrimEntries) is not [var name, var value])
                Refuse(column, $"{text}: a name and a value with = between them.");
            else if (!pairs.TryAdd(CsvColumns.Unescape(name), CsvColumns.Unescape(value)))
                Refuse(column, $"{name} comes twice.");
        }

        return pairs.Count > 0 ? new(pairs) : null;
    }

    /// <summary>A field that this kind of row does not have is a slip of the pen.</summary>
    public void RefuseWhatIsLeft()
    {
        foreach (var column in fields.Keys.Except(asked))
            Refuse(column, "This kind of row has no such field.");
    }

    public void Refuse(string column, string message) => errors.Add(new(Line, column, message));

    public T? Refuse<T>(string column, string message) where T : class
    {
        Refuse(column, message);
        return null;
    }

    private T? Parse<T>(string column, string text) where T : struct, IText<T>
    {
        if (Contracts.Values.Text.TryRead<T>(text, out var value)) return value;

        Refuse(column, $"{text} is not the spelling of a {typeof(T).Name}.");
        return null;
    }
}
