using System.Security.Claims;
using Billing.ServiceDefaults;

namespace Billing.Console;

/// <summary>What the menu offers: to whom, and while which feature is on.</summary>
public sealed record MenuItem(string Title, string Path, string? Policy = null, string? Feature = null)
{
    public static IReadOnlyList<MenuItem> All { get; } =
    [
        new("Overview", "/"),
        new("Billing", "/billing/usage", Policies.Tenant, Features.Billing),
        new("Operations", "/operations", Policies.Finance),
    ];

    public static IEnumerable<MenuItem> For(ClaimsPrincipal user, Features features) =>
        Caller.TryOf(user, out var caller)
            ? All.Where(item => (item.Policy is null || Policies.All[item.Policy].Contains(caller.Role))
                && (item.Feature is null || features.IsEnabled(item.Feature)))
            : [];
}
