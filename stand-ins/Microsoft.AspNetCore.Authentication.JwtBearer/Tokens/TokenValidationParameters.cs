using System.Security.Claims;

namespace Microsoft.IdentityModel.Tokens;

/// <summary>True when the token may be used now; it then stands for every check of lifetime.</summary>
public delegate bool LifetimeValidator(
    DateTime? notBefore, DateTime? expires, SecurityToken securityToken, TokenValidationParameters validationParameters);

/// <summary>What a token is held to. The defaults are the package's: everything that can be checked is checked.</summary>
public class TokenValidationParameters
{
    public const int DefaultMaximumTokenSizeInBytes = 1024 * 250;

    public static readonly TimeSpan DefaultClockSkew = TimeSpan.FromMinutes(5);

    public string? AuthenticationType { get; set; } = "AuthenticationTypes.Federation";
    public TimeSpan ClockSkew { get; set; } = DefaultClockSkew;
    public SecurityKey? IssuerSigningKey { get; set; }
    public IEnumerable<SecurityKey>? IssuerSigningKeys { get; set; }
    public LifetimeValidator? LifetimeValidator { get; set; }
    public string NameClaimType { get; set; } = ClaimsIdentity.DefaultNameClaimType;
    public string RoleClaimType { get; set; } = ClaimsIdentity.DefaultRoleClaimType;
    public bool RequireExpirationTime { get; set; } = true;
    public bool RequireSignedTokens { get; set; } = true;
    public bool TryAllIssuerSigningKeys { get; set; } = true;
    public IEnumerable<string>? ValidAlgorithms { get; set; }
    public string? ValidAudience { get; set; }
    public IEnumerable<string>? ValidAudiences { get; set; }
    public bool ValidateAudience { get; set; } = true;
    public bool ValidateIssuer { get; set; } = true;
    public bool ValidateLifetime { get; set; } = true;
    public string? ValidIssuer { get; set; }
    public IEnumerable<string>? ValidIssuers { get; set; }
    public IEnumerable<string>? ValidTypes { get; set; }

    public virtual TokenValidationParameters Clone() => (TokenValidationParameters)MemberwiseClone();

    internal TokenValidationParameters With(string issuer)
    {
        var clone = Clone();
        clone.ValidIssuers = [.. ValidIssuers ?? [], issuer];
        return clone;
    }
}

public abstract class SecurityToken
{
    public abstract string Id { get; }
    public abstract string Issuer { get; }
    public abstract DateTime ValidFrom { get; }
    public abstract DateTime ValidTo { get; }
}
