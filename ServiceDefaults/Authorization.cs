using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults;

/// <summary>Who a token or key may speak for (docs/adr/0009).</summary>
public static class Roles
{
    /// <summary>Sends usage.</summary>
    public const string Producer = "producer";

    /// <summary>A customer: sees its own data and nothing else.</summary>
    public const string Tenant = "tenant";

    /// <summary>Reads everything.</summary>
    public const string Finance = "finance";

    /// <summary>Corrects charges and sets prices.</summary>
    public const string Ops = "ops";

    public const string Admin = "admin";

    public static IReadOnlyList<string> All { get; } = [Producer, Tenant, Finance, Ops, Admin];
}

/// <summary>
/// Policies are named by the least role that they need. Endpoints name one; without one the caller is known,
/// no more.
/// </summary>
public static class Policies
{
    public const string Producer = "producer";
    public const string Tenant = "tenant";
    public const string Finance = "finance";
    public const string Ops = "ops";
    public const string Admin = "admin";

    /// <summary>
    /// Policy → roles that satisfy it. Producers read nothing, tenants never more than their own.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> All { get; } =
        new Dictionary<string, IReadOnlyList<string>>
        {
            [Producer] = [Roles.Producer, Roles.Admin],
            [Tenant] = [Roles.Tenant, Roles.Finance, Roles.Ops, Roles.Admin],
            [Finance] = [Roles.Finance, Roles.Ops, Roles.Admin],
            [Ops] = [Roles.Ops, Roles.Admin],
            [Admin] = [Roles.Admin],
        };

    public static IServiceCollection AddPolicies(this IServiceCollection services)
    {
        var authorization = services.AddAuthorizationBuilder();
        foreach (var (name, roles) in All)
            authorization.AddPolicy(name, policy => policy.RequireAssertion(context => Is(context, roles)));

        var known = new AuthorizationPolicyBuilder().RequireAssertion(context => Is(context, Roles.All))
            .Build();
        authorization.SetDefaultPolicy(known).SetFallbackPolicy(known);
        return services;
    }

    private static bool Is(AuthorizationHandlerContext context, IReadOnlyList<string> roles) =>
        Caller.TryOf(context.User, out var caller) && roles.Contains(caller.Role);
}

/// <summary>The caller as every service sees it, whether it came with a token or with a key.</summary>
/// <param name="Tenant">Set for the role tenant, and only for it.</param>
/// <param name="ApiKey">The id of the key, where one was used.</param>
public sealed record Caller(string Subject, string Role, string? Tenant, string? ApiKey)
{
    public const string SubjectClaim = "sub", RoleClaim = "role", TenantClaim = "tenant",
        ApiKeyClaim = "api_key";

    public bool IsStaff => Role is Roles.Finance or Roles.Ops or Roles.Admin;

    /// <exception cref="InvalidOperationException">Nobody is there; the endpoint forgot to ask.</exception>
    public static Caller Of(ClaimsPrincipal user) =>
        TryOf(user, out var caller)
            ? caller
            : throw new InvalidOperationException("The caller is not known.");

    /// <summary>
    /// False unless there is exactly one subject and one role that we know, and a tenant exactly where the
    /// role is tenant: a token that says two things at once says nothing.
    /// </summary>
    public static bool TryOf(ClaimsPrincipal user, out Caller caller)
    {
        var (subject, role, tenant, key) = (default(Said), default(Said), default(Said), default(Said));
        foreach (var claim in user.Claims)
            switch (claim.Type)
            {
                case SubjectClaim: subject = subject.And(claim.Value); break;
                case RoleClaim: role = role.And(claim.Value); break;
                case TenantClaim: tenant = tenant.And(claim.Value); break;
                case ApiKeyClaim: key = key.And(claim.Value); break;
            }

        var isKnown = user.Identity is { IsAuthenticated: true } && subject.Once is not null
            && role.Once is { } known && Roles.All.Contains(known)
            && (known == Roles.Tenant ? tenant.Once is not null : tenant.Times == 0);

        caller = isKnown ? new Caller(subject.Once!, role.Once!, tenant.Once, key.Once) : null!;
        return isKnown;
    }

    /// <summary>What the claims of one type say together. Asked several times for each request.</summary>
    private readonly record struct Said(int Times, string? Value)
    {
        /// <summary>Null where nothing is said, or several things are.</summary>
        public string? Once => Times == 1 && Value is { Length: > 0 } ? Value : null;

        public Said And(string value) => new(Times + 1, value);
    }
}
