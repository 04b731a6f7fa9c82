using Microsoft.IdentityModel.Tokens;

namespace Microsoft.AspNetCore.Authentication.JwtBearer;

public static class JwtBearerDefaults
{
    public const string AuthenticationScheme = "Bearer";
}

public class JwtBearerOptions : AuthenticationSchemeOptions
{
    public string? Audience { get; set; }

    /// <summary>The issuer's address; its /.well-known/openid-configuration names the keys.</summary>
    public string? Authority { get; set; }

    public TimeSpan AutomaticRefreshInterval { get; set; } = TimeSpan.FromHours(12);
    public HttpClient Backchannel { get; set; } = default!;
    public HttpMessageHandler? BackchannelHttpHandler { get; set; }
    public TimeSpan BackchannelTimeout { get; set; } = TimeSpan.FromMinutes(1);
    public string Challenge { get; set; } = JwtBearerDefaults.AuthenticationScheme;

    public new JwtBearerEvents Events
    {
        get => (JwtBearerEvents)base.Events!;
        set => base.Events = value;
    }

    public bool IncludeErrorDetails { get; set; } = true;
    public bool MapInboundClaims { get; set; } = true;
    public string MetadataAddress { get; set; } = default!;
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(5);
    public bool RefreshOnIssuerKeyNotFound { get; set; } = true;
    public bool RequireHttpsMetadata { get; set; } = true;

    /// <summary>Keeps the token in the ticket, as the package does by default.</summary>
    public bool SaveToken { get; set; } = true;

    public TokenValidationParameters TokenValidationParameters { get; set; } = new();

    internal IssuerKeys? IssuerKeys { get; set; }
}
