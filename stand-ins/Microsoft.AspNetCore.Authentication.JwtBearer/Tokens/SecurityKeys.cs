using System.Security.Cryptography;

namespace Microsoft.IdentityModel.Tokens;

public abstract class SecurityKey
{
    public abstract int KeySize { get; }

    public virtual string? KeyId { get; set; }
}

public abstract class AsymmetricSecurityKey : SecurityKey;

public class SymmetricSecurityKey(byte[] key) : SecurityKey
{
    public virtual byte[] Key { get; } = key is { Length: > 0 }
        ? key
        : throw new ArgumentException("A symmetric key holds at least one byte.", nameof(key));

    public override int KeySize => Key.Length * 8;
}

public class RsaSecurityKey : AsymmetricSecurityKey
{
    public RsaSecurityKey(RSA rsa) => Rsa = rsa ?? throw new ArgumentNullException(nameof(rsa));

    public RsaSecurityKey(RSAParameters rsaParameters)
    {
        Parameters = rsaParameters;
        Rsa = RSA.Create(rsaParameters);
    }

    public RSA Rsa { get; }

    public RSAParameters Parameters { get; }

    public override int KeySize => Rsa.KeySize;
}

public class ECDsaSecurityKey(ECDsa ecdsa) : AsymmetricSecurityKey
{
    public ECDsa ECDsa { get; } = ecdsa ?? throw new ArgumentNullException(nameof(ecdsa));

    public override int KeySize => ECDsa.KeySize;
}

public static class SecurityAlgorithms
{
    public const string HmacSha256 = "HS256";
    public const string HmacSha384 = "HS384";
    public const string HmacSha512 = "HS512";
    public const string RsaSha256 = "RS256";
    public const string RsaSha384 = "RS384";
    public const string RsaSha512 = "RS512";
    public const string RsaSsaPssSha256 = "PS256";
    public const string RsaSsaPssSha384 = "PS384";
    public const string RsaSsaPssSha512 = "PS512";
    public const string EcdsaSha256 = "ES256";
    public const string EcdsaSha384 = "ES384";
    public const string EcdsaSha512 = "ES512";
}
