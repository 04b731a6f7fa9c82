using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Billing.StandIns.Tests.JwtBearer;

public class Algorithms
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];

    [TestCase("HS256")]
    [TestCase("HS384")]
    [TestCase("HS512")]
    [TestCase("RS256")]
    [TestCase("RS384")]
    [TestCase("RS512")]
    [TestCase("PS256")]
    [TestCase("PS384")]
    [TestCase("PS512")]
    [TestCase("ES256")]
    [TestCase("ES384")]
    [TestCase("ES512")]
    public async Task each_accepts_its_own_signature_and_no_other_keys(string algorithm)
    {
        var (key, sign) = Pair(algorithm, Secret);
        var (_, otherSign) = Pair(algorithm, [.. Secret.Reverse()]);
        await using var service = await Service.With(key);

        (await service.Get(Tokens.Signed(algorithm, Tokens.Claims(), sign))).Status.ShouldBe(HttpStatusCode.OK);
        (await service.Get(Tokens.Signed(algorithm, Tokens.Claims(), otherSign))).Challenge
            .ShouldBe("Bearer error=\"invalid_token\", error_description=\"The signature key was not found\"");
    }

    [Test]
    public async Task a_public_key_is_no_secret_for_HMAC()
    {
        using var rsa = RSA.Create(2048);
        await using var service = await Service.With(new RsaSecurityKey(rsa));
        foreach (var secret in new[] { rsa.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem()) })
            (await service.Get(Tokens.Signed("HS256", Tokens.Claims(), Tokens.With(secret, "HS256"))))
                .Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task a_key_that_names_its_algorithm_serves_no_other()
    {
        using var rsa = RSA.Create(2048);
        var parameters = rsa.ExportParameters(false);
        var key = new JsonWebKey
        {
            Kty = "RSA",
            N = Tokens.Encode(parameters.Modulus!),
            E = Tokens.Encode(parameters.Exponent!),
            Alg = "RS256",
        };
        await using var service = await Service.With(key);

        (await service.Get(Tokens.Signed("RS256", Tokens.Claims(), Tokens.With(rsa, "RS256")))).Status.ShouldBe(HttpStatusCode.OK);
        (await service.Get(Tokens.Signed("PS256", Tokens.Claims(), Tokens.With(rsa, "PS256")))).Status
            .ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task only_the_listed_algorithms_are_accepted()
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        await using var service = await Service.Start(options => options.TokenValidationParameters = new()
        {
            ValidIssuer = Tokens.Issuer,
            ValidAudience = Tokens.Audience,
            IssuerSigningKey = new ECDsaSecurityKey(curve),
            ValidAlgorithms = ["ES256"],
        });

        (await service.Get(Tokens.Signed("ES384", Tokens.Claims(), Tokens.With(curve, "ES384")))).Status
            .ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task weak_keys_prove_nothing()
    {
        using var rsa = RSA.Create(1024);
        var secret = Secret[..31];
        await using var service = await Service.With(new RsaSecurityKey(rsa), new SymmetricSecurityKey(secret));

        (await service.Get(Tokens.Signed("RS256", Tokens.Claims(), Tokens.With(rsa, "RS256")))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await service.Get(Tokens.Signed("HS256", Tokens.Claims(), Tokens.With(secret, "HS256")))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task an_ECDSA_signature_in_DER_is_refused()
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var service = await Service.With(new ECDsaSecurityKey(curve));
        var token = Tokens.Signed("ES256", Tokens.Claims(),
            text => curve.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

        (await service.Get(token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [TestCase("none")]
    [TestCase("None")]
    [TestCase("nOnE")]
    [TestCase("")]
    [TestCase("ES257")]
    public async Task nothing_else_is_an_algorithm(string algorithm)
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        foreach (var signature in new byte[][] { [], [1, 2, 3], CryptographicOperations.HmacData(HashAlgorithmName.SHA256, Secret, new byte[] { 1 }) })
            (await service.Get(Tokens.Signed(algorithm, Tokens.Claims(), _ => signature))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task the_key_id_chooses_the_key()
    {
        using var one = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var two = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var service = await Service.With(
            new ECDsaSecurityKey(one) { KeyId = "one" }, new ECDsaSecurityKey(two) { KeyId = "two" });

        (await service.Get(Tokens.Signed("ES256", Tokens.Claims(), Tokens.With(two, "ES256"), "two"))).Status.ShouldBe(HttpStatusCode.OK);
        (await service.Get(Tokens.Signed("ES256", Tokens.Claims(), Tokens.With(two, "ES256"), "one"))).Challenge
            .ShouldBe("Bearer error=\"invalid_token\", error_description=\"The signature is invalid\"");
    }

    private static (SecurityKey Key, Func<byte[], byte[]> Sign) Pair(string algorithm, byte[] secret)
    {
        switch (algorithm[..2])
        {
            case "HS": return (new SymmetricSecurityKey(secret), Tokens.With(secret, algorithm));
            case "ES":
                var curve = ECDsa.Create(algorithm switch
                {
                    "ES256" => ECCurve.NamedCurves.nistP256,
                    "ES384" => ECCurve.NamedCurves.nistP384,
                    _ => ECCurve.NamedCurves.nistP521,
                });
                return (new ECDsaSecurityKey(curve), Tokens.With(curve, algorithm));
            default:
                var rsa = RSA.Create(2048);
                return (new RsaSecurityKey(rsa), Tokens.With(rsa, algorithm));
        }
    }
}
