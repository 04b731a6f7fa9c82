using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Microsoft.IdentityModel.JsonWebTokens;

/// <summary>A token as it came, split and parsed; nothing of it is proven yet.</summary>
public class JsonWebToken : SecurityToken
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <exception cref="SecurityTokenMalformedException">It is not a compact JWS whose payload is a JSON object.</exception>
    public JsonWebToken(string jwtEncodedString)
    {
        ArgumentException.ThrowIfNullOrEmpty(jwtEncodedString);
        var parts = jwtEncodedString.Split('.');
        if (parts.Length != 3) throw new SecurityTokenMalformedException($"A signed token has three parts, not {parts.Length}.");

        Header = Json(parts[0], "header");
        Payload = Json(parts[1], "payload");
        Signature = Bytes(parts[2], "signature");
        SignedBytes = Encoding.ASCII.GetBytes(jwtEncodedString, 0, parts[0].Length + 1 + parts[1].Length);
        Alg = Text(Header, "alg") ?? throw new SecurityTokenMalformedException("The header names no algorithm.");
        (Kid, Typ) = (Text(Header, "kid"), Text(Header, "typ"));
        (Issuer, Subject, Id) = (Text(Payload, "iss") ?? "", Text(Payload, "sub") ?? "", Text(Payload, "jti") ?? "");
        Audiences = ReadAudiences();
        (Expires, NotBefore, IssuedAtTime) = (Time("exp"), Time("nbf"), Time("iat"));
    }

    public string Alg { get; }
    public string? Kid { get; }
    public string? Typ { get; }
    public string Subject { get; }
    public IEnumerable<string> Audiences { get; }
    public override string Id { get; }
    public override string Issuer { get; }
    public override DateTime ValidFrom => NotBefore ?? DateTime.MinValue;
    public override DateTime ValidTo => Expires ?? DateTime.MinValue;

    internal DateTime? Expires { get; }
    internal DateTime? NotBefore { get; }
    internal DateTime? IssuedAtTime { get; }
    internal JsonElement Header { get; }
    internal JsonElement Payload { get; }
    internal byte[] SignedBytes { get; }
    internal byte[] Signature { get; }

    private string[] ReadAudiences()
    {
        if (!Payload.TryGetProperty("aud", out var audience)) return [];
        if (audience.ValueKind == JsonValueKind.String) return [audience.GetString()!];

        return audience.ValueKind == JsonValueKind.Array
            && audience.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. audience.EnumerateArray().Select(item => item.GetString()!)]
            : throw new SecurityTokenMalformedException("The audience is neither a text nor a list of texts.");
    }

    /// <summary>Seconds since 1970, whole or broken (RFC 7519 §2, NumericDate). Beyond year 9999 counts as its end.</summary>
    private DateTime? Time(string name)
    {
        if (!Payload.TryGetProperty(name, out var value)) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var seconds) || !double.IsFinite(seconds))
            throw new SecurityTokenMalformedException($"'{name}' is not a number of seconds.");

        var latest = (DateTime.MaxValue - DateTime.UnixEpoch).TotalSeconds - 1;
        if (seconds >= latest) return DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);
        return seconds <= 0 ? DateTime.UnixEpoch : DateTime.UnixEpoch.AddSeconds(seconds);
    }

    private static string? Text(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : throw new SecurityTokenMalformedException($"'{name}' is not a text.");
    }

    private static JsonElement Json(string part, string what)
    {
        try
        {
            var text = Utf8.GetString(Bytes(part, what));
            using var document = JsonDocument.Parse(text, StrictJson.Options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new SecurityTokenMalformedException($"The {what} is not a JSON object.");
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new SecurityTokenMalformedException($"The {what} is not JSON.", exception);
        }
    }

    private static byte[] Bytes(string part, string what)
    {
        // The decoder forgives padding and white space; RFC 7515 §2 does not.
        if (part.AsSpan().IndexOfAnyExcept(Alphabet) >= 0)
            throw new SecurityTokenMalformedException($"The {what} is not base64url.");
        try
        {
            return Base64Url.DecodeFromChars(part);
        }
        catch (FormatException exception)
        {
            throw new SecurityTokenMalformedException($"The {what} is not base64url.", exception);
        }
    }

    private static readonly System.Buffers.SearchValues<char> Alphabet = System.Buffers.SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
