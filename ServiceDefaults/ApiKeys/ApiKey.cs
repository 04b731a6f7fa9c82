using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Billing.ServiceDefaults.ApiKeys;

/// <summary>
/// <c>bk_&lt;id&gt;_&lt;secret&gt;</c>: the id finds the key, the secret (256 random bits) proves it. Only
/// the secret's SHA-256 is kept; a slow hash would add nothing to a secret that nobody can guess.
/// </summary>
public sealed partial record ApiKey(string Id, byte[] SecretHash)
{
    private const int IdBytes = 8, SecretBytes = 32;

    /// <param name="text">The whole key. It exists here and nowhere else: show it, then forget it.</param>
    public static ApiKey Make(out string text)
    {
        var (id, secret) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
            RandomNumberGenerator.GetBytes(SecretBytes));
        text = $"bk_{id}_{Convert.ToHexStringLower(secret)}";
        return new ApiKey(id, SHA256.HashData(secret));
    }

    /// <summary>False for whatever does not have the form of a key.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ApiKey? key)
    {
        key = text is not null && Form().Match(text) is { Success: true } match
            ? new ApiKey(match.Groups[1].Value, SHA256.HashData(Convert.FromHexString(match.Groups[2].Value)))
            : null;
        return key is not null;
    }

    /// <summary>Takes as long for a wrong secret as for the right one.</summary>
    public bool Proves(byte[] storedHash) => CryptographicOperations.FixedTimeEquals(SecretHash, storedHash);

    public override string ToString() => $"bk_{Id}_…";

    [GeneratedRegex("^bk_([0-9a-f]{16})_([0-9a-f]{64})\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
