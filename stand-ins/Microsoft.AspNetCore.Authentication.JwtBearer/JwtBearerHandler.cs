using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace Microsoft.AspNetCore.Authentication.JwtBearer;

public partial class JwtBearerHandler(IOptionsMonitor<JwtBearerOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<JwtBearerOptions>(options, logger, encoder)
{
    protected new JwtBearerEvents Events
    {
        get => (JwtBearerEvents)base.Events!;
        set => base.Events = value;
    }

    protected override Task<object> CreateEventsAsync() => Task.FromResult<object>(new JwtBearerEvents());

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        try
        {
            var received = new MessageReceivedContext(Context, Scheme, Options);
            await Events.MessageReceived(received);
            if (received.Result is not null) return received.Result;

            var token = string.IsNullOrEmpty(received.Token) ? FromHeader() : received.Token;
            return string.IsNullOrEmpty(token) ? AuthenticateResult.NoResult() : await Validate(token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            CouldNotValidate(Logger, exception);
            var failed = new AuthenticationFailedContext(Context, Scheme, Options) { Exception = exception };
            await Events.AuthenticationFailed(failed);
            if (failed.Result is not null) return failed.Result;

            // A token that is wrong is the caller's; keys that cannot be read are the server's.
            if (exception is SecurityTokenException) return AuthenticateResult.Fail(exception);
            throw;
        }
    }

    private string? FromHeader()
    {
        var header = Request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null;
    }

    private async Task<AuthenticateResult> Validate(string text)
    {
        var token = await ValidateWithFreshKeys(text);
        var identity = TokenClaims.Identity(token, Options.TokenValidationParameters, Options.MapInboundClaims);
        var validated = new TokenValidatedContext(Context, Scheme, Options)
        {
            Principal = new ClaimsPrincipal(identity),
            SecurityToken = token,
        };
        if (token.Expires is { } expires && expires < DateTime.MaxValue) validated.Properties.ExpiresUtc = expires;
        if (token.NotBefore is { } notBefore) validated.Properties.IssuedUtc = notBefore;

        await Events.TokenValidated(validated);
        if (validated.Result is not null) return validated.Result;

        if (Options.SaveToken)
            validated.Properties.StoreTokens([new AuthenticationToken { Name = "access_token", Value = text }]);
        validated.Success();
        return validated.Result!;
    }

    private async Task<JsonWebToken> ValidateWithFreshKeys(string text)
    {
        var now = TimeProvider.GetUtcNow().UtcDateTime;
        if (Options.IssuerKeys is not { } source)
            return TokenValidation.Validate(text, Options.TokenValidationParameters, Keys(null), now);

        var found = await source.Get(TimeProvider, Context.RequestAborted);
        try
        {
            return TokenValidation.Validate(text, Parameters(found), Keys(found), now);
        }
        catch (SecurityTokenSignatureKeyNotFoundException) when (Options.RefreshOnIssuerKeyNotFound)
        {
            var newer = await source.Refresh(found, TimeProvider, Context.RequestAborted);
            if (newer == found) throw;
            return TokenValidation.Validate(text, Parameters(newer), Keys(newer), now);
        }
    }

    private List<SecurityKey> Keys(IssuerKeys.Found? found)
    {
        var parameters = Options.TokenValidationParameters;
        return
        [
            .. found?.Keys ?? [],
            .. parameters.IssuerSigningKeys ?? [],
            .. parameters.IssuerSigningKey is { } key ? [key] : Array.Empty<SecurityKey>(),
        ];
    }

    private TokenValidationParameters Parameters(IssuerKeys.Found found) =>
        Options.TokenValidationParameters.With(issuer: found.Issuer);

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var authenticated = await HandleAuthenticateOnceSafeAsync();
        var challenge = new JwtBearerChallengeContext(Context, Scheme, Options, properties)
        {
            AuthenticateFailure = authenticated.Failure,
        };
        if (Options.IncludeErrorDetails && challenge.AuthenticateFailure is { } failure)
        {
            challenge.Error = "invalid_token";
            challenge.ErrorDescription = TokenValidation.Describe(failure);
        }

        await Events.Challenge(challenge);
        if (challenge.Handled) return;

        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.Append(HeaderNames.WWWAuthenticate, Header(challenge));
    }

    /// <summary>RFC 6750 §3.</summary>
    private string Header(JwtBearerChallengeContext challenge)
    {
        var header = new StringBuilder(Options.Challenge);
        var separator = Options.Challenge.Contains(' ', StringComparison.Ordinal) ? ", " : " ";
        Append("error", challenge.Error);
        Append("error_description", challenge.ErrorDescription);
        Append("error_uri", challenge.ErrorUri);
        return header.ToString();

        void Append(string name, string? value)
        {
            if (string.IsNullOrEmpty(value)) return;
            header.Append(separator).Append(name).Append("=\"").Append(Quotable(value)).Append('"');
            separator = ", ";
        }
    }

    // The text may quote the token; what cannot stand in a quoted string would break the header in two.
    private static string Quotable(string value) =>
        string.Concat(value.Select(c => c is < ' ' or > '~' or '"' or '\\' ? '?' : c));

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status403Forbidden;
        return Events.Forbidden(new ForbiddenContext(Context, Scheme, Options));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Failed to validate the token.")]
    private static partial void CouldNotValidate(ILogger logger, Exception exception);
}
