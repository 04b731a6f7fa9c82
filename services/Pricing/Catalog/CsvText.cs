using System.Text;

namespace Billing.Pricing.Catalog;

/// <summary>Comma-separated values as RFC 4180 writes them.</summary>
internal static class CsvText
{
    /// <param name="Line">Of the text, from 1: where the record begins.</param>
    public sealed record Record(int Line, IReadOnlyList<string> Fields);

    /// <summary>Records that are not empty. A quote that is not closed ends with the text, and is an
    /// error.</summary>
    public static IReadOnlyList<Record> Read(string text, List<FileError> errors)
    {
        var records = new List<Record>();
        var (position, line) = (0, 1);
        while (position < text.Length)
        {
            var (fields, begun) = (new List<string>(), line);
            do fields.Add(Field(text, ref position, ref line, begun, errors));
            while (position < text.Length && text[position++] == ',');

            line++;
            if (fields is not [""]) records.Add(new(begun, fields));
        }

        return records;
    }

    public static void Write(StringBuilder into, IEnumerable<string?> fields)
    {
        into.AppendJoin(',', fields.Select(field => Quoted(field ?? ""))).Append('\n');
    }

    // Leaves the position at the comma or line end behind the field.
    private static string Field(
        string text, ref int position, ref int line, int begun, List<FileError> errors)
    {
        var field = new StringBuilder();
        var isQuoted = position < text.Length && text[position] == '"';
        if (isQuoted) position++;
        for (; position < text.Length; position++)
        {
            var letter = text[position];
            if (isQuoted && letter == '"')
            {
                if (position + 1 < text.Length && text[position + 1] == '"') position++;
                else
                {
                    isQuoted = false;
                    continue;
                }
            }
            else if (!isQuoted && letter is ',' or '\n') break;
            else if (!isQuoted && letter == '\r') continue;
            if (isQuoted && letter == '\n') line++;
            field.Append(letter);
        }

        if (isQuoted) errors.Add(new(begun, "", "A quote is not closed."));
        return field.ToString();
    }

    private static string Quoted(string field) => field.AsSpan().IndexOfAny(",\"\n\r") < 0
        ? field
        : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
