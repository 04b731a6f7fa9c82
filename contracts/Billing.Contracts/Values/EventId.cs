using System.Text;

namespace Billing.Contracts.Values;

/// <summary>
/// The producer's name for a usage event: CloudEvents' source and id, unique together, compared byte by byte.
/// </summary>
public sealed record EventId
{
    public const int LongestSource = 256;
    public const int LongestId = 256;

    // Half a surrogate pair has no UTF-8 of its own, so two different ids could end in the same bytes.
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <exception cref="FormatException">Empty, too long, or with a control character in it.</exception>
    public EventId(string source, string id)
    {
        if (!IsWellFormed(source, id))
            throw new FormatException("An event's source and id have 1 to 256 characters, no control ones.");

        (Source, Id) = (source, id);
    }

    public string Source { get; }

    public string Id { get; }

    public static bool IsWellFormed(string source, string id) =>
        IsWellFormed(source, LongestSource) && IsWellFormed(id, LongestId);

    private static bool IsWellFormed(string text, int longest)
    {
        if (text.Length == 0 || text.Length > longest) return false;
        if (text.AsSpan().ContainsAnyInRange('\0', '\u001f')) return false;
        if (text.AsSpan().ContainsAnyInRange('\u007f', '\u009f')) return false;
        if (Ascii.IsValid(text)) return true;

        try
        {
            return Strict.GetByteCount(text) > 0;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
