using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Billing.ServiceDefaults.ApiKeys;

/// <summary>
/// Turns a good key into a caller of the role producer, with the sources that it may speak for.
/// </summary>
public sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder,
    ApiKeyStore store)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>
    /// One claim for each source. A caller with a token has none, and may speak for every source.
    /// </summary>
    public const string SourceClaim = "source";

    // Compared with when there is no such key, so that the answer takes as long.
    private static readonly byte[] NoHash = new byte[32];

    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ApiKeyStore>();
        builder.Services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyHeader.Scheme, null);
    }

    public static bool MaySpeakFor(ClaimsPrincipal user, string source) =>
        !user.HasClaim(claim => claim.Type == Caller.ApiKeyClaim) || user.HasClaim(SourceClaim, source);

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ApiKeyHeader.Read(Request) is not { } text) return AuthenticateResult.NoResult();
        if (!ApiKey.TryParse(text, out var given)) return Refused();

        var stored = await store.Find(given.Id, Context.RequestAborted);
        if (!given.Proves(stored?.SecretHash ?? NoHash) || stored?.IsGoodAt(TimeProvider.GetUtcNow()) != true)
            return Refused();

        await store.NoteUse(stored, Context.RequestAborted);
        var identity = new ClaimsIdentity(
        [
            new(Caller.SubjectClaim, stored.Subject),
            new(Caller.RoleClaim, Roles.Producer),
            new(Caller.ApiKeyClaim, stored.Id),
            .. stored.Sources.Select(source => new Claim(SourceClaim, source)),
        ], Scheme.Name, Caller.SubjectClaim, Caller.RoleClaim);
        return AuthenticateResult.Success(new AuthenticationTicket(
            new ClaimsPrincipal(identity), new() { ExpiresUtc = store.BelievedUntil(stored) }, Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.Append(HeaderNames.WWWAuthenticate, ApiKeyHeader.Scheme);
        return Task.CompletedTask;
    }

    /// <summary>
    /// The same for unknown, wrong, over and revoked: which it is helps only those who guess.
    /// </summary>
    private static AuthenticateResult Refused() => AuthenticateResult.Fail("The API key is not accepted.");
}
