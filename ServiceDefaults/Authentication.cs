using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Billing.ServiceDefaults;

/// <summary>
/// Bearer tokens from one issuer. Its keys come from <c>Authentication:Keys</c> (a JSON Web Key Set) or, by
/// discovery, from <c>Authentication:Authority</c>. Only asymmetric algorithms: who can check a token must
/// not be able to make one.
/// </summary>
public static class Authentication
{
    public const string IssuerKey = "Authentication:Issuer";
    public const string AudienceKey = "Authentication:Audience";
    public const string KeysKey = "Authentication:Keys";
    public const string AuthorityKey = "Authentication:Authority";

    /// <summary>Chooses, by what the request carries, the scheme that answers.</summary>
    public const string AnyScheme = "Any";

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private static readonly string[] Algorithms =
        ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

    public static AuthenticationBuilder AddBearerTokens(
        this IServiceCollection services, IConfiguration configuration)
    {
        var settings = Read(configuration);
        // After all that configures, which replaces the parameters as a whole.
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .PostConfigure<TimeProvider>((options, time) =>
                options.TokenValidationParameters.LifetimeValidator =
                (notBefore, expires, _, _) => IsNow(notBefore, expires, time.GetUtcNow().UtcDateTime));

        return services.AddSingleton<RememberedCallers>().AddAuthentication(AnyScheme)
            .AddScheme<AuthenticationSchemeOptions, AnyCaller>(AnyScheme, null)
            .AddJwtBearer(options => Configure(options, settings));
    }

    /// <summary>
    /// Half-open like every period: at the second of <paramref name="expires"/> it is over.
    /// </summary>
    public static bool IsNow(DateTime? notBefore, DateTime? expires, DateTime now) =>
        expires is { } end && now < end.Add(ClockSkew)
            && (notBefore is not { } begin || begin <= now.Add(ClockSkew));

    private static void Configure(JwtBearerOptions options, Configured settings)
    {
        options.MapInboundClaims = false;
        options.SaveToken = false;
        if (settings.Authority is { } authority)
        {
            options.Authority = authority;
            options.RequireHttpsMetadata = !new Uri(authority).IsLoopback;
        }
        options.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = settings.Issuer,
            ValidAudience = settings.Audience,
            IssuerSigningKeys = settings.Keys,
            ValidAlgorithms = Algorithms,
            ClockSkew = ClockSkew,
            NameClaimType = Caller.SubjectClaim,
            RoleClaimType = Caller.RoleClaim,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
        };
    }

    private sealed record Configured(
        string Issuer, string Audience, string? Authority, IList<SecurityKey> Keys);

    private static Configured Read(IConfiguration configuration)
    {
        var (issuer, audience) = (configuration.Required(IssuerKey), configuration.Required(AudienceKey));
        var authority = configuration[AuthorityKey];
        if (!string.IsNullOrWhiteSpace(authority))
            return Uri.TryCreate(authority, UriKind.Absolute, out _)
                ? new Configured(issuer, audience, authority, [])
                : throw new CannotStartException($"Configuration '{AuthorityKey}' is not an address.");

        return new Configured(issuer, audience, null, ReadKeys(configuration.Required(KeysKey)));
    }

    private static IList<SecurityKey> ReadKeys(string json)
    {
        try
        {
            var keys = new JsonWebKeySet(json).GetSigningKeys();
            return keys.Count > 0
                ? keys
                : throw new CannotStartException($"Configuration '{KeysKey}' has no key that signs.");
        }
        catch (Exception exception) when (exception is not CannotStartException)
        {
            throw new CannotStartException(
                $"Configuration '{KeysKey}' is not a JSON Web Key Set.", exception);
        }
    }
}
