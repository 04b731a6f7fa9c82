using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Paging;

namespace Billing.Ledger.Queries;

/// <summary>Who asks, and about whom.</summary>
internal static class Asker
{
    private const string Merchant = "/api/overages/merchant";

    /// <param name="tenant">As the caller names one.</param>
    /// <exception cref="RefusedRequestException">A tenant names another, or staff names none where one is
    /// needed.</exception>
    public static Caller Of(HttpContext context, string? tenant)
    {
        var caller = Caller.Of(context.User);
        if (caller.Tenant is { } own && tenant is not null && tenant != own)
            throw new RefusedRequestException("'tenant' is not yours.");
        if (caller.Tenant is null && tenant is null && context.Request.Path.StartsWithSegments(Merchant))
            throw new RefusedRequestException("Say which 'tenant'.");

        return caller;
    }
}
