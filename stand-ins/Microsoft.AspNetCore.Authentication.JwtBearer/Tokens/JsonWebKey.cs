using System.Security.Cryptography;
using System.Text.Json;

namespace Microsoft.IdentityModel.Tokens;

/// <summary>One key of RFC 7517. Members that it does not know are ignored, as the RFC asks.</summary>
public class JsonWebKey : SecurityKey
{
    private readonly Lazy<SecurityKey?> _key;

    public JsonWebKey() => _key = new Lazy<SecurityKey?>(MakeKey);

    public JsonWebKey(string json) : this()
    {
        ArgumentException.ThrowIfNullOrEmpty(json);
        try
        {
            using var document = JsonDocument.Parse(json, StrictJson.Options);
            Read(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new ArgumentException("The text is not a JSON Web Key.", nameof(json), exception);
        }
    }

    internal JsonWebKey(JsonElement json) : this() => Read(json);

    public string? Kty { get; set; }
    public string? Use { get; set; }
    public string? Alg { get; set; }
    public string? Kid { get; set; }
    public string? Crv { get; set; }
    public string? X { get; set; }
    public string? Y { get; set; }
    public string? N { get; set; }
    public string? E { get; set; }
    public string? K { get; set; }

    public override string? KeyId { get => Kid; set => Kid = value; }

    public override int KeySize => AsKey()?.KeySize ?? 0;

    /// <summary>The key that checks signatures; null where type or curve is unknown or the numbers are not of the form.</summary>
    internal SecurityKey? AsKey() => _key.Value;

    private void Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new ArgumentException("A JSON Web Key is a JSON object.");

        string? Text(string name) =>
            json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

        (Kty, Use, Alg, Kid) = (Text("kty"), Text("use"), Text("alg"), Text("kid"));
        (Crv, X, Y, N, E, K) = (Text("crv"), Text("x"), Text("y"), Text("n"), Text("e"), Text("k"));
    }

    private SecurityKey? MakeKey()
    {
        try
        {
            SecurityKey? key = Kty switch
            {
                "oct" when Bytes(K) is { Length: > 0 } secret => new SymmetricSecurityKey(secret),
                "RSA" when Bytes(N) is { } n && Bytes(E) is { } e =>
                    new RsaSecurityKey(new RSAParameters { Modulus = n, Exponent = e }),
                "EC" when Curve() is { } curve && Bytes(X) is { } x && Bytes(Y) is { } y =>
                    new ECDsaSecurityKey(ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } })),
                _ => null,
            };
            key?.KeyId = Kid;
            return key;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private ECCurve? Curve() => Crv switch
    {
        "P-256" => ECCurve.NamedCurves.nistP256,
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        _ => null,
    };

    private static byte[]? Bytes(string? base64Url) =>
        string.IsNullOrEmpty(base64Url) ? null : System.Buffers.Text.Base64Url.DecodeFromChars(base64Url);
}

/// <summary>RFC 7517 §5: an object with a member "keys".</summary>
public class JsonWebKeySet
{
    public JsonWebKeySet()
    {
    }

    public JsonWebKeySet(string json)
    {
        ArgumentException.ThrowIfNullOrEmpty(json);
        try
        {
            using var document = JsonDocument.Parse(json, StrictJson.Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
                throw new ArgumentException("A JSON Web Key Set is an object with an array 'keys'.", nameof(json));
            foreach (var key in keys.EnumerateArray()) Keys.Add(new JsonWebKey(key));
        }
        catch (JsonException exception)
        {
            throw new ArgumentException("The text is not a JSON Web Key Set.", nameof(json), exception);
        }
    }

    public IList<JsonWebKey> Keys { get; } = [];

    public static JsonWebKeySet Create(string json) => new(json);

    /// <summary>The keys of the set that are not declared for encryption and that this library can use.</summary>
    public IList<SecurityKey> GetSigningKeys() =>
        [.. Keys.Where(key => key.Use is null or "sig" && key.AsKey() is not null)];

    public override string ToString() => $"{Keys.Count} keys";
}

internal static class StrictJson
{
    /// <summary>A member that appears twice means different things to different readers; RFC 7515 §4 lets it be refused.</summary>
    public static JsonDocumentOptions Options { get; } = new() { AllowDuplicateProperties = false, MaxDepth = 16 };
}
