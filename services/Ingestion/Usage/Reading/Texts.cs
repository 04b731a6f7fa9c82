using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>
/// Strings out of UTF-8. Sources, types, tenants, names and most values come again and again, so short ones
/// are made once and kept until another takes their place.
/// </summary>
public static class Texts
{
    private const int Kept = 8_192, LongestKept = 48;

    private static readonly string?[] Cache = new string?[Kept];

    /// <param name="utf8">Valid UTF-8.</param>
    /// <param name="longest">In characters (UTF-16 units), as the product counts everywhere.</param>
    /// <returns>False for an empty text, a longer one, or one with a control character.</returns>
    public static bool TryRead(ReadOnlySpan<byte> utf8, int longest, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (utf8.IsEmpty || utf8.Length > 4 * longest) return false;

        var read = Of(utf8);
        text = read.Length <= longest && !HasControl(read) ? read : null;
        return text is not null;
    }

    /// <summary>As <see cref="TryRead"/>, for what hardly ever comes again.</summary>
    public static bool TryReadOnce(
        ReadOnlySpan<byte> utf8, int longest, [NotNullWhen(true)] out string? text)
    {
        text = utf8.IsEmpty || utf8.Length > 4 * longest ? null : Encoding.UTF8.GetString(utf8);
        if (text is not null && (text.Length > longest || HasControl(text))) text = null;
        return text is not null;
    }

    public static string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > LongestKept) return Encoding.UTF8.GetString(utf8);

        ref var place = ref Cache[(int)(Hash(utf8) % Kept)];
        if (place is { } kept && Ascii.Equals(utf8, kept)) return kept;

        return place = Encoding.UTF8.GetString(utf8);
    }

    public static bool HasControl(ReadOnlySpan<char> text) =>
        text.ContainsAnyInRange('\0', '\u001f') || text.ContainsAnyInRange('\u007f', '\u009f');

    // FNV-1a: a few nanoseconds for a short text, and a collision only costs a string.
    private static uint Hash(ReadOnlySpan<byte> utf8)
    {
        unchecked
        {
            var hash = 2166136261;
            foreach (var one in utf8) hash = (hash ^ one) * 16777619;
            return hash;
        }
    }
}
