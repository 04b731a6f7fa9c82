using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Billing.Contracts.Values;

/// <summary>An id that is derived from its cause, so that the same cause makes the same id again.</summary>
public static class DerivedId
{
    private const int LongestOnStack = 1024;

    /// <summary>
    /// A UUID of version 8 (RFC 9562, made by a rule of one's own): the first 16 bytes of SHA-256 over kind
    /// and key, each led by its length in bytes, so that no two different keys read alike. Pinned by a test
    /// for ever.
    /// </summary>
    public static Guid From(string kind, params ReadOnlySpan<string> key)
    {
        var most = Most(kind);
        foreach (var part in key) most += Most(part);
        var bytes = most <= LongestOnStack ? stackalloc byte[most] : new byte[most];
        var length = Append(bytes, kind);
        foreach (var part in key) length += Append(bytes[length..], part);

        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(bytes[..length], digest);
        digest[6] = (byte)((digest[6] & 0x0f) | 0x80); // version 8
        digest[8] = (byte)((digest[8] & 0x3f) | 0x80); // the variant of RFC 9562
        return new Guid(digest[..16], bigEndian: true);
    }

    private static int Most(string part) => 4 + Encoding.UTF8.GetMaxByteCount(part.Length);

    private static int Append(Span<byte> into, string part)
    {
        var length = Encoding.UTF8.GetBytes(part, into[4..]);
        BinaryPrimitives.WriteInt32BigEndian(into, length);
        return 4 + length;
    }
}

/// <summary>How ids are spelled.</summary>
internal static class Id
{
    public const int LongestName = 64;
    public const int LongestUuid = 36;

    /// <summary>
    /// Names that people and producers give: letters, digits and <c>. _ - : @</c>. No slash, since a ledger
    /// stream's id joins them with slashes.
    /// </summary>
    public static bool IsName(ReadOnlySpan<char> text)
    {
        foreach (var letter in text)
            if (!IsOfName(letter)) return false;

        return text.Length is > 0 and <= LongestName;
    }

    private static bool IsOfName(char letter) =>
        char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' or ':' or '@';

    public static string Name(ReadOnlySpan<char> text) => IsName(text)
        ? text.ToString()
        : throw new FormatException("A name has 1 to 64 letters, digits, and characters of . _ - : @");

    public static int Write(string? name, Span<char> into)
    {
        if (name is null) throw new InvalidOperationException("There is no id here.");

        name.CopyTo(into);
        return name.Length;
    }

    /// <summary>Lower case with hyphens, and not the empty one.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out Guid id) =>
        Guid.TryParseExact(text, "D", out id) && id != Guid.Empty && text.IndexOfAnyInRange('A', 'F') < 0;

    public static int Write(Guid id, Span<char> into)
    {
        if (id == Guid.Empty) throw new InvalidOperationException("There is no id here.");

        id.TryFormat(into, out var length, "D");
        return length;
    }
}
