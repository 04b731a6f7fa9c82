using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Billing.ServiceDefaults.Database.Paging;

/// <summary>
/// Where a list goes on: the sort key of the last row, opaque to callers. It fits only the list it was made
/// for, and a changed letter is noticed. It is not a secret: what a caller may see is decided elsewhere.
/// </summary>
/// <param name="Key">The values that the list is sorted by; together unique.</param>
public sealed record Cursor(params IReadOnlyList<string> Key)
{
    public const int LongestText = 1024;

    private const byte Version = 1;
    private const int DigestBytes = 8;

    /// <param name="list">What the cursor belongs to: path and filters.</param>
    public string ToText(string list)
    {
        var key = JsonSerializer.SerializeToUtf8Bytes(Key);

        return Base64Url.EncodeToString([Version, .. Digest(list, key), .. key]);
    }

    /// <summary>False when the text is damaged, of another list, or of a version that is gone.</summary>
    public static bool TryRead(string text, string list, [NotNullWhen(true)] out Cursor? cursor)
    {
        cursor = null;
        if (text.Length > LongestText || !Base64Url.IsValid(text)) return false;

        var bytes = Base64Url.DecodeFromChars(text);
        if (bytes.Length <= 1 + DigestBytes || bytes[0] != Version) return false;

        var key = bytes.AsSpan(1 + DigestBytes);
        if (!Digest(list, key).AsSpan().SequenceEqual(bytes.AsSpan(1, DigestBytes))) return false;

        cursor = new(JsonSerializer.Deserialize<string[]>(key)!);

        return true;
    }

    private static byte[] Digest(string list, ReadOnlySpan<byte> key)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(list));
        hash.AppendData([0]);
        hash.AppendData(key);

        return hash.GetHashAndReset()[..DigestBytes];
    }
}
