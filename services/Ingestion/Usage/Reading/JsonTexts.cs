using System.Text.Json;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>Texts of JSON, with their escapes undone.</summary>
public static class JsonTexts
{
    /// <summary>A name or a text; an empty text is one.</summary>
    /// <param name="longest">In characters.</param>
    /// <returns>False for a longer one, one with control characters, or with half a character.</returns>
    public static bool TryRead(ref Utf8JsonReader reader, int longest, out string text)
    {
        text = "";
        if (reader.ValueSpan.IsEmpty) return true;
        if (!reader.ValueIsEscaped)
        {
            if (!Texts.TryRead(reader.ValueSpan, longest, out var plain)) return false;
            text = plain;
            return true;
        }

        if (reader.ValueSpan.Length > 6 * longest) return false;
        Span<byte> unescaped = stackalloc byte[6 * longest];
        if (!TryUnescape(ref reader, unescaped, out var length)) return false;
        if (length == 0 || !Texts.TryRead(unescaped[..length], longest, out var read)) return false;

        text = read;
        return true;
    }

    /// <summary>
    /// False for half of a surrogate pair, which has no UTF-8 of its own; the reader throws at it.
    /// </summary>
    public static bool TryUnescape(ref Utf8JsonReader reader, scoped Span<byte> into, out int length)
    {
        length = 0;
        if (reader.ValueSpan.Length > into.Length) return false;
        try
        {
            length = reader.CopyString(into);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
