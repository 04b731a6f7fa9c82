using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Billing.LocalTools;

/// <summary>
/// Signs tokens for a developer's own machine. Its key is made on first use and never leaves the data folder.
/// </summary>
public static class DevelopmentIssuer
{
    public const string Issuer = "https://issuer.billing.localhost";
    public const string Audience = "billing";

    /// <summary>The roles a token can name.</summary>
    public static IReadOnlyList<string> Roles { get; } = ["producer", "tenant", "finance", "ops", "admin"];

    /// <summary>The key in <c>keys/development.pem</c> (mode 600); made if missing, the same for all who ask at once.</summary>
    /// <exception cref="InvalidOperationException">The file is there but holds no P-256 private key.</exception>
    public static DevelopmentKey LoadOrCreate(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "keys", "development.pem");
        if (!File.Exists(path))
            Create(path);

        return DevelopmentKey.FromPem(File.ReadAllText(path), path);
    }

    private static void Create(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        using var alone = FileLock.Take(path + ".lock");
        if (File.Exists(path)) return;

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        // A reader must see the whole key or none, hence the second name.
        var unfinished = path + ".new";
        File.Delete(unfinished);
        using (var file = new FileStream(unfinished, options))
        {
            file.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path);
    }
}

/// <summary>One ES256 key pair: signs tokens, and shows its public half to those who check them.</summary>
public sealed class DevelopmentKey
{
    private readonly string pem;
    private readonly string keyId;

    private DevelopmentKey(string pem, ECParameters parts)
    {
        var x = Base64Url.EncodeToString(parts.Q.X);
        var y = Base64Url.EncodeToString(parts.Q.Y);

        this.pem = pem;
        // RFC 7638: the thumbprint is the hash of exactly this text.
        keyId = Base64Url.EncodeToString(
            SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""")));
        Jwks = $$"""
            {"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"{{keyId}}","x":"{{x}}","y":"{{y}}"}]}
            """;
    }

    /// <summary>The public key as a JWK set (RFC 7517), one line of JSON.</summary>
    public string Jwks { get; }

    internal static DevelopmentKey FromPem(string pem, string path)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            var parts = key.ExportParameters(includePrivateParameters: true);
            if (key.KeySize == 256 && parts.D is not null) return new DevelopmentKey(pem, parts);
        }
        catch (Exception broken) when (broken is ArgumentException or CryptographicException)
        {
            throw Unusable(broken);
        }

        throw Unusable(null);

        InvalidOperationException Unusable(Exception? cause) =>
            new($"{path} holds no P-256 private key: delete it, and the next start makes a new one.", cause);
    }

    /// <summary>
    /// A signed token (RFC 7519, ES256), valid from <paramref name="now"/> for <paramref name="lifetime"/>, whole seconds.
    /// </summary>
    /// <exception cref="ArgumentException">An unknown role, a tenant missing or not allowed, or no lifetime.</exception>
    public string Token(string role, string? tenant, DateTimeOffset now, TimeSpan lifetime)
    {
        if (!DevelopmentIssuer.Roles.Contains(role))
            throw new ArgumentException($"There is no role '{role}': it is one of {string.Join(", ", DevelopmentIssuer.Roles)}.");
        if (role == "tenant" && string.IsNullOrWhiteSpace(tenant))
            throw new ArgumentException("The role tenant needs a tenant: a token for nobody's data is of no use.");
        if (role != "tenant" && tenant is not null)
            throw new ArgumentException($"The role {role} is not bound to a tenant: leave '{tenant}' out.");
        if (lifetime < TimeSpan.FromSeconds(1))
            throw new ArgumentException("A token needs a lifetime of a second at least.");

        var claims = new Dictionary<string, object>
        {
            ["iss"] = DevelopmentIssuer.Issuer,
            ["aud"] = DevelopmentIssuer.Audience,
            ["sub"] = tenant is null ? $"development-{role}" : $"development-{role}-{tenant}",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + lifetime).ToUnixTimeSeconds(),
            ["jti"] = Guid.CreateVersion7(now).ToString(),
            ["role"] = role,
        };
        if (tenant is not null)
            claims["tenant"] = tenant;

        var header = new { alg = "ES256", typ = "JWT", kid = keyId };
        var signed = $"{Part(header)}.{Part(claims)}";

        using var key = ECDsa.Create();
        key.ImportFromPem(pem);
        var signature = key.SignData(
            Encoding.ASCII.GetBytes(signed),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

        return $"{signed}.{Base64Url.EncodeToString(signature)}";

        static string Part<T>(T value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
    }
}
