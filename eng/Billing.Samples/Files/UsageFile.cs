using System.Text;
using System.Text.Json;
using Billing.LocalTools;
using Billing.Samples.Feeding;

namespace Billing.Samples.Files;

/// <summary>
/// Usage in a file: CSV with the columns of docs/csv-import.md, or CloudEvents in JSON, one a line or all in an array.
/// Which it is, its first character tells. Events are passed on as they are: judging them is Ingestion's.
/// </summary>
internal static class UsageFile
{
    private static readonly string[] Required = ["id", "type", "subject", "time"];

    private static readonly HashSet<string> Attributes =
        new([.. Required, "source", "sequence", "billingcancels", "billingamends"], StringComparer.Ordinal);

    /// <param name="source">Of all lines of a CSV file that has no such column.</param>
    /// <exception cref="PreparationFailed">No usage file, or one that ends badly; what came before was given.</exception>
    public static IEnumerable<UsageMessage> Read(string path, string? source)
    {
        using var file = File.OpenRead(path);
        var first = FirstCharacter(file);
        file.Position = 0;
        var events = first switch
        {
            '[' => Array(file),
            '{' => Lines(file),
            null => throw new PreparationFailed($"{path} is empty."),
            _ => Csv(file, source),
        };
        foreach (var message in events) yield return message;
    }

    private static IEnumerable<UsageMessage> Csv(Stream file, string? source)
    {
        using var text = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
        string[]? columns = null;
        foreach (var (line, fields) in CsvText.Rows(text))
        {
            if (columns is null)
            {
                columns = Columns(fields, source);
                continue;
            }

            if (fields.Length != columns.Length)
                throw new PreparationFailed(
                    $"line {line} has {fields.Length} fields and the header {columns.Length}.");

            yield return Event(columns, fields, source);
        }
    }

    private static string[] Columns(string[] header, string? source)
    {
        string[] columns = [.. header.Select(name => name.Trim())];
        var missing = Required.Except(columns, StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
            throw new PreparationFailed(
                $"no column {string.Join(", ", missing)} in the header: docs/csv-import.md names the columns.");
        if (!columns.Contains("source") && source is null)
            throw new PreparationFailed("no column source in the header: add one, or name one for all with --source.");
        if (columns.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new PreparationFailed($"column {twice.Key} comes twice in the header.");

        return columns;
    }

    private static UsageMessage Event(string[] columns, string[] fields, string? source)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        var data = new List<(string, object)>();
        if (source is not null) attributes["source"] = source;
        for (var index = 0; index < columns.Length; index++)
        {
            if (fields[index].Length == 0) continue;

            if (Attributes.Contains(columns[index])) attributes[columns[index]] = fields[index];
            else data.Add((Property(columns[index]), fields[index]));
        }

        return UsageMessage.Of(attributes, data);
    }

    private static string Property(string column) =>
        column.StartsWith("data.", StringComparison.Ordinal) ? column["data.".Length..] : column;

    private static IEnumerable<UsageMessage> Lines(Stream file)
    {
        using var text = new StreamReader(file);
        for (var line = 1; text.ReadLine() is { } json; line++)
            if (!string.IsNullOrWhiteSpace(json))
                yield return Message(Encoding.UTF8.GetBytes(json.Trim()), $"line {line}");
    }

    private static IEnumerable<UsageMessage> Array(Stream file)
    {
        JsonDocument all;
        try
        {
            all = JsonDocument.Parse(file);
        }
        catch (JsonException broken)
        {
            throw new PreparationFailed($"not a JSON array of CloudEvents: {broken.Message}", broken);
        }

        using (all)
        {
            var number = 0;
            foreach (var one in all.RootElement.EnumerateArray())
                yield return Message(Encoding.UTF8.GetBytes(one.GetRawText()), $"event {++number}");
        }
    }

    private static UsageMessage Message(byte[] json, string where)
    {
        try
        {
            using var read = JsonDocument.Parse(json);
            var tenant = read.RootElement.ValueKind == JsonValueKind.Object
                && read.RootElement.TryGetProperty("subject", out var subject)
                && subject.ValueKind == JsonValueKind.String ? subject.GetString()! : "";

            return new(tenant, json);
        }
        catch (JsonException broken)
        {
            throw new PreparationFailed($"{where} is no JSON: {broken.Message}", broken);
        }
    }

    // Behind a byte order mark and white space.
    private static char? FirstCharacter(Stream file)
    {
        using var text = new StreamReader(file, leaveOpen: true);
        while (text.Read() is var read and not -1)
            if (!char.IsWhiteSpace((char)read)) return (char)read;

        return null;
    }
}
