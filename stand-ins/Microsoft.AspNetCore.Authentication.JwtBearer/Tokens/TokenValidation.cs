using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Microsoft.IdentityModel.Tokens;

/// <summary>Everything a token is held to, in one order: size and form, signature, lifetime, audience, issuer.</summary>
internal static class TokenValidation
{
    public static JsonWebToken Validate(
        string text, TokenValidationParameters parameters, IReadOnlyList<SecurityKey> keys, DateTime now)
    {
        if (text.Length > TokenValidationParameters.DefaultMaximumTokenSizeInBytes)
            throw new SecurityTokenMalformedException("The token is too long.");

        var token = new JsonWebToken(text);
        CheckSignature(token, parameters, keys);
        CheckLifetime(token, parameters, now);
        CheckAudience(token, parameters);
        CheckIssuer(token, parameters);
        CheckType(token, parameters);
        return token;
    }

    private static void CheckSignature(
        JsonWebToken token, TokenValidationParameters parameters, IReadOnlyList<SecurityKey> keys)
    {
        // RFC 7515 §4.1.11: an extension that is not understood and marked critical refuses the token.
        if (token.Header.TryGetProperty("crit", out _))
            throw new SecurityTokenInvalidSignatureException("The header has critical extensions.");
        if (token.Signature.Length == 0 || token.Alg == "none")
        {
            if (parameters.RequireSignedTokens)
                throw new SecurityTokenInvalidSignatureException("The token is not signed.");
            if (token.Alg == "none" && token.Signature.Length == 0) return;
        }
        if (!Signatures.IsKnown(token.Alg) || parameters.ValidAlgorithms?.Any() == true
            && !parameters.ValidAlgorithms.Contains(token.Alg, StringComparer.Ordinal))
            throw new SecurityTokenInvalidAlgorithmException("The token's algorithm is not accepted.");

        var named = token.Kid is null ? [] : keys.Where(key => key.KeyId == token.Kid).ToList();
        var candidates = named.Count > 0 ? named : token.Kid is null || parameters.TryAllIssuerSigningKeys ? keys : [];
        if (candidates.Any(key => Signatures.Fits(key, token.Alg) && Signatures.Verify(key, token))) return;

        throw named.Count > 0
            ? new SecurityTokenInvalidSignatureException("The signature is not the named key's.")
            : new SecurityTokenSignatureKeyNotFoundException("No key fits the signature.");
    }

    private static void CheckLifetime(JsonWebToken token, TokenValidationParameters parameters, DateTime now)
    {
        if (!parameters.ValidateLifetime) return;
        if (parameters.LifetimeValidator is { } validator)
        {
            if (validator(token.NotBefore, token.Expires, token, parameters)) return;
            throw new SecurityTokenInvalidLifetimeException("The lifetime is not accepted.")
            {
                NotBefore = token.NotBefore,
                Expires = token.Expires,
            };
        }
        if (token.Expires is null && parameters.RequireExpirationTime)
            throw new SecurityTokenNoExpirationException("The token has no end.");
        if (token.NotBefore > token.Expires)
            throw new SecurityTokenInvalidLifetimeException("The token ends before it begins.")
            {
                NotBefore = token.NotBefore,
                Expires = token.Expires,
            };
        if (token.NotBefore is { } notBefore && notBefore > Later(now, parameters.ClockSkew))
            throw new SecurityTokenNotYetValidException("The token is not valid yet.") { NotBefore = notBefore };
        if (token.Expires is { } expires && expires < now - parameters.ClockSkew)
            throw new SecurityTokenExpiredException("The token is not valid any more.") { Expires = expires };
    }

    private static void CheckAudience(JsonWebToken token, TokenValidationParameters parameters)
    {
        if (!parameters.ValidateAudience) return;

        var valid = Both(parameters.ValidAudience, parameters.ValidAudiences);
        if (token.Audiences.Any(audience => valid.Contains(audience, StringComparer.Ordinal))) return;

        var shown = string.Join(", ", token.Audiences);
        throw new SecurityTokenInvalidAudienceException("The token is for somebody else.")
        {
            InvalidAudience = shown.Length == 0 ? null : shown,
        };
    }

    private static void CheckIssuer(JsonWebToken token, TokenValidationParameters parameters)
    {
        if (!parameters.ValidateIssuer) return;
        if (token.Issuer.Length > 0
            && Both(parameters.ValidIssuer, parameters.ValidIssuers).Contains(token.Issuer, StringComparer.Ordinal)) return;

        throw new SecurityTokenInvalidIssuerException("The token is by somebody else.") { InvalidIssuer = token.Issuer };
    }

    private static void CheckType(JsonWebToken token, TokenValidationParameters parameters)
    {
        if (parameters.ValidTypes?.Any() != true) return;
        if (parameters.ValidTypes.Contains(token.Typ, StringComparer.OrdinalIgnoreCase)) return;

        throw new SecurityTokenInvalidTypeException("The token's type is not accepted.");
    }

    private static IEnumerable<string> Both(string? one, IEnumerable<string>? many) =>
        (many ?? []).Concat(one is null ? [] : [one]).Where(item => item.Length > 0);

    private static DateTime Later(DateTime now, TimeSpan span) => now > DateTime.MaxValue - span ? DateTime.MaxValue : now + span;

    /// <summary>The words that the challenge header carries; null where a caller is better told nothing.</summary>
    public static string? Describe(Exception exception)
    {
        static string Time(DateTime? time) => time?.ToString(CultureInfo.InvariantCulture) ?? "(null)";

        return exception switch
        {
            SecurityTokenInvalidAudienceException e => $"The audience '{e.InvalidAudience ?? "(null)"}' is invalid",
            SecurityTokenInvalidIssuerException e => $"The issuer '{e.InvalidIssuer ?? "(null)"}' is invalid",
            SecurityTokenNoExpirationException => "The token has no expiration",
            SecurityTokenInvalidLifetimeException e =>
                $"The token lifetime is invalid; NotBefore: '{Time(e.NotBefore)}', Expires: '{Time(e.Expires)}'",
            SecurityTokenNotYetValidException e => $"The token is not valid before '{Time(e.NotBefore)}'",
            SecurityTokenExpiredException e => $"The token expired at '{Time(e.Expires)}'",
            SecurityTokenSignatureKeyNotFoundException => "The signature key was not found",
            SecurityTokenInvalidSignatureException => "The signature is invalid",
            _ => null,
        };
    }
}
