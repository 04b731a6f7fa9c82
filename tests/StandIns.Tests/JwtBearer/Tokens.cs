using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Billing.StandIns.Tests.JwtBearer;

/// <summary>Makes tokens by hand, so that wrong ones can be made too.</summary>
internal static class Tokens
{
    public static readonly DateTimeOffset Now = new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero);

    public const string Issuer = "https://issuer.test", Audience = "billing";

    public static Dictionary<string, object> Claims(params (string Name, object? Value)[] changes)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["sub"] = "somebody",
            ["exp"] = Now.AddHours(1).ToUnixTimeSeconds(),
        };
        foreach (var (name, value) in changes)
            if (value is null) claims.Remove(name);
            else claims[name] = value;
        return claims;
    }

    public static string Signed(string header, string payload, Func<byte[], byte[]> sign)
    {
        var text = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(Encoding.UTF8.GetBytes(payload))}";
        return $"{text}.{Encode(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    public static string Signed(string algorithm, Dictionary<string, object> claims, Func<byte[], byte[]> sign, string? kid = null) =>
        Signed(
            JsonSerializer.Serialize(kid is null ? new { alg = algorithm } : (object)new { alg = algorithm, kid }),
            JsonSerializer.Serialize(claims), sign);

    public static Func<byte[], byte[]> With(ECDsa key, string algorithm) =>
        text => key.SignData(text, Hash(algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public static Func<byte[], byte[]> With(RSA key, string algorithm) =>
        text => key.SignData(text, Hash(algorithm), algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);

    public static Func<byte[], byte[]> With(byte[] key, string algorithm) =>
        text => CryptographicOperations.HmacData(Hash(algorithm), key, text);

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    public static HashAlgorithmName Hash(string algorithm) => algorithm[2..] switch
    {
        "256" => HashAlgorithmName.SHA256,
        "384" => HashAlgorithmName.SHA384,
        _ => HashAlgorithmName.SHA512,
    };
}
