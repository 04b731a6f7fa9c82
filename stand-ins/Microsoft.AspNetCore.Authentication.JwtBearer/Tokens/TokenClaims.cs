using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Microsoft.IdentityModel.Tokens;

/// <summary>The payload as claims: a list gives one claim per item, a number keeps its kind.</summary>
internal static class TokenClaims
{
    /// <summary>The short names that the package turns into the long ones of WS-Federation while MapInboundClaims is on.</summary>
    private static readonly Dictionary<string, string> LongNames = new(StringComparer.Ordinal)
    {
        ["sub"] = ClaimTypes.NameIdentifier,
        ["nameid"] = ClaimTypes.NameIdentifier,
        ["unique_name"] = ClaimTypes.Name,
        ["given_name"] = ClaimTypes.GivenName,
        ["family_name"] = ClaimTypes.Surname,
        ["email"] = ClaimTypes.Email,
        ["role"] = ClaimTypes.Role,
        ["roles"] = ClaimTypes.Role,
        ["birthdate"] = ClaimTypes.DateOfBirth,
        ["gender"] = ClaimTypes.Gender,
        ["website"] = ClaimTypes.Webpage,
        ["actort"] = ClaimTypes.Actor,
        ["prn"] = ClaimTypes.NameIdentifier,
    };

    public static ClaimsIdentity Identity(JsonWebToken token, TokenValidationParameters parameters, bool mapNames)
    {
        var issuer = token.Issuer.Length == 0 ? ClaimsIdentity.DefaultIssuer : token.Issuer;
        var claims =
            from member in token.Payload.EnumerateObject()
            let name = mapNames && LongNames.TryGetValue(member.Name, out var longName) ? longName : member.Name
            from value in member.Value.ValueKind == JsonValueKind.Array ? [.. member.Value.EnumerateArray()] : new[] { member.Value }
            where value.ValueKind != JsonValueKind.Null
            select new Claim(name, Text(value), Kind(value), issuer);
        return new ClaimsIdentity(claims, parameters.AuthenticationType, parameters.NameClaimType, parameters.RoleClaimType);
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number when value.TryGetInt64(out var whole) => whole.ToString(CultureInfo.InvariantCulture),
        _ => value.GetRawText(),
    };

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => ClaimValueTypes.String,
        JsonValueKind.True or JsonValueKind.False => ClaimValueTypes.Boolean,
        JsonValueKind.Number when value.TryGetInt32(out _) => ClaimValueTypes.Integer32,
        JsonValueKind.Number when value.TryGetInt64(out _) => ClaimValueTypes.Integer64,
        JsonValueKind.Number => ClaimValueTypes.Double,
        _ => "JSON",
    };
}
