using Billing.Pricing.Catalog.Scheduled;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Catalog;

/// <summary>
/// What was decided and has not taken effect yet, in the order in which it will, and how it is withdrawn.
/// </summary>
public static class ListScheduled
{
    public const string Route = "/api/v1/catalog/scheduled";
    public const int Most = 1000;

    /// <param name="Id">By which it is withdrawn.</param>
    /// <param name="What">plan, price, end of a price, subscription, end of a subscription, end of a trial,
    /// overage source, quota limit, merge window, allowance of a tenant, or base fee of a tenant.</param>
    /// <param name="Key">The plan, rule, subscription, tenant or meter.</param>
    public sealed record Item(
        Guid Id, DateTimeOffset From, string What, string Key, string? Tenant, string Actor, string Reason);

    public static void Map(WebApplication app)
    {
        var scheduled = app.MapGroup(Route).WithTags("Catalog");
        scheduled.MapGet("", Get).RequireAuthorization(Policies.Finance).WithName("ListScheduledChanges")
            .WithSummary("The next 1,000 changes of the catalog that take effect later, the next one first.");
        scheduled.MapDelete("{id:guid}", Withdraw).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("WithdrawScheduledChange")
            .WithSummary("A change that has not taken effect never does; the answer is what is left.");
    }

    private static async Task<Ok<IReadOnlyList<Item>>> Get(HttpContext context, CatalogDesk desk) =>
        TypedResults.Ok(Of((await desk.Now(context.RequestAborted)).State, desk.Time));

    /// <param name="reason">Why; kept with the decision.</param>
    private static Task<Results<Ok<IReadOnlyList<Item>>, ProblemHttpResult>> Withdraw(
        Guid id, string reason, HttpContext context, CatalogDesk desk) => desk.Change(
            context, reason, (asked, author) => WithdrawScheduled.Decide(
                new(id, author), asked.Catalog, asked.Now),
            state => Of(state, desk.Time));

    public static IReadOnlyList<Item> Of(CatalogState state, DateTimeOffset now) =>
    [
        .. ScheduledChanges.Of(state)
            .Where(change => change.From > now && change.From < Moments.Never)
            .OrderBy(change => change.From).ThenBy(change => change.Key, StringComparer.Ordinal).Take(Most)
            .Select(change => new Item(
                change.Id, change.From, change.What, change.Key, change.Tenant?.ToString(),
                change.Decision.Actor, change.Decision.Reason)),
    ];
}
