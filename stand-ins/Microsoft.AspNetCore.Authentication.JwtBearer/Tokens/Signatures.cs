using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Microsoft.IdentityModel.Tokens;

/// <summary>RFC 7518 §3: which key type, which hash, which size belong to an algorithm; nothing else is accepted.</summary>
internal static class Signatures
{
    /// <summary>True when the key is of the algorithm's kind, and strong enough.</summary>
    public static bool Fits(SecurityKey key, string algorithm)
    {
        if (key is JsonWebKey web)
            return (web.Alg is null || web.Alg == algorithm) && web.AsKey() is { } inner && Fits(inner, algorithm);

        return (Family(algorithm), key) switch
        {
            // RFC 7518 §3.2: a key at least as long as the hash.
            ("HS", SymmetricSecurityKey) => key.KeySize >= HashBits(algorithm),
            ("RS" or "PS", RsaSecurityKey) => key.KeySize >= 2048,
            ("ES", ECDsaSecurityKey) => key.KeySize == CurveBits(algorithm),
            _ => false,
        };
    }

    public static bool Verify(SecurityKey key, JsonWebToken token) => (key is JsonWebKey web ? web.AsKey() : key) switch
    {
        SymmetricSecurityKey symmetric => CryptographicOperations.FixedTimeEquals(
            CryptographicOperations.HmacData(Hash(token.Alg), symmetric.Key, token.SignedBytes), token.Signature),
        RsaSecurityKey rsa => rsa.Rsa.VerifyData(token.SignedBytes, token.Signature, Hash(token.Alg),
            Family(token.Alg) == "PS" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
        // R and S side by side, each as long as the curve's numbers (RFC 7518 §3.4); never DER.
        ECDsaSecurityKey curve => token.Signature.Length == 2 * ((CurveBits(token.Alg) + 7) / 8)
            && curve.ECDsa.VerifyData(token.SignedBytes, token.Signature, Hash(token.Alg),
                DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
        _ => false,
    };

    /// <summary>"none" is not in this list, and cannot be brought in by configuration.</summary>
    public static bool IsKnown(string algorithm) => algorithm is
        "HS256" or "HS384" or "HS512" or "RS256" or "RS384" or "RS512" or
        "PS256" or "PS384" or "PS512" or "ES256" or "ES384" or "ES512";

    private static string Family(string algorithm) => IsKnown(algorithm) ? algorithm[..2] : "";

    private static int HashBits(string algorithm) => algorithm[2..] switch { "256" => 256, "384" => 384, _ => 512 };

    private static int CurveBits(string algorithm) => algorithm[2..] switch { "256" => 256, "384" => 384, _ => 521 };

    private static HashAlgorithmName Hash(string algorithm) => algorithm[2..] switch
    {
        "256" => HashAlgorithmName.SHA256,
        "384" => HashAlgorithmName.SHA384,
        _ => HashAlgorithmName.SHA512,
    };
}
