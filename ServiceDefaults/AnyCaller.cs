using System.Text.Encodings.Web;
using Billing.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Billing.ServiceDefaults;

/// <summary>
/// The scheme that is asked by default: who was verified a moment ago is known, everybody else is verified by
/// the scheme that fits what the request carries, which also says no.
/// </summary>
public sealed class AnyCaller(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder,
    IOptions<AuthenticationOptions> known, RememberedCallers remembered)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private string Fitting =>
        ApiKeyHeader.IsIn(Request) && known.Value.SchemeMap.ContainsKey(ApiKeyHeader.Scheme)
            ? ApiKeyHeader.Scheme
            : JwtBearerDefaults.AuthenticationScheme;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (remembered.Find(Request) is { } ticket) return AuthenticateResult.Success(ticket);

        var result = await Context.AuthenticateAsync(Fitting);
        if (result.Succeeded) remembered.Keep(Request, result.Ticket);
        return result;
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        Context.ChallengeAsync(Fitting, properties);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Context.ForbidAsync(Fitting, properties);
}
