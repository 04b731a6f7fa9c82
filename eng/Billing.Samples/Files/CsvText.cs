using System.Text;
using Billing.LocalTools;

namespace Billing.Samples.Files;

/// <summary>Rows of a CSV file as RFC 4180 says, while it is read.</summary>
internal static class CsvText
{
    private const int LongestField = 1 << 20;

    /// <summary>The line on which each row begins, from 1, and its fields. Empty lines are none.</summary>
    /// <exception cref="PreparationFailed">A quote is never closed, or stands where none may.</exception>
    public static IEnumerable<(int Line, string[] Fields)> Rows(TextReader text)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var (line, begun, isQuoted, wasQuoted) = (1, 1, false, false);
        while (text.Read() is var read and not -1)
        {
            var letter = (char)read;
            if (letter == '\n') line++;
            if (field.Length > LongestField) throw new PreparationFailed($"line {begun}: a quote is never closed.");

            if (isQuoted)
            {
                if (letter != '"') field.Append(letter);
                else if (text.Peek() == '"') field.Append((char)text.Read());
                else (isQuoted, wasQuoted) = (false, true);
                continue;
            }

            switch (letter)
            {
                case '"' when field.Length == 0 && !wasQuoted: isQuoted = true; break;
                case ',': End(); break;
                case '\r' when text.Peek() == '\n': break;
                case '\n':
                    if (fields.Count > 0 || field.Length > 0 || wasQuoted) yield return Row();
                    begun = line;
                    break;
                case var _ when wasQuoted: throw new PreparationFailed($"line {begun}: text behind a closing quote.");
                default: field.Append(letter); break;
            }
        }

        if (isQuoted) throw new PreparationFailed($"line {begun}: a quote is never closed.");
        if (fields.Count > 0 || field.Length > 0 || wasQuoted) yield return Row();

        void End()
        {
            fields.Add(field.ToString());
            field.Clear();
            wasQuoted = false;
        }

        (int, string[]) Row()
        {
            End();
            string[] row = [.. fields];
            fields.Clear();
            return (begun, row);
        }
    }
}
