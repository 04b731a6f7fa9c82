using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Scheduled;

namespace Billing.Pricing.Merging;

/// <summary>
/// From a moment on, a tenant has what it uses of a meter in a minute, an hour or a day as one charge. What
/// was used before, by its own time, is charged as it was said then, however late it comes.
/// </summary>
public static class SetMergeWindow
{
    public sealed record Command(TenantId Tenant, MergeWindow Window, DateTimeOffset From, Author Author);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var known = state.MergeWindows.GetValueOrDefault(command.Tenant, []);
        if ((known is [.., var newest] ? newest.Window : MergeWindow.None) == command.Window)
            return CatalogDecision.AlreadySo;

        var refusals = command.Author.Check().ToList();
        if (!state.Tenants.ContainsKey(command.Tenant))
            refusals.Add(new("unknown-tenant", "tenant", $"There is no tenant {command.Tenant}."));
        if (!Enum.IsDefined(command.Window))
            refusals.Add(new("unknown-window", "window", "A window is none, minute, hour or day."));
        if (Standing.Of(known, fact => fact.From, IsSame).LastOrDefault() is { } last
            && command.From <= last.From)
            refusals.Add(new("changes-go-forward", "from",
                $"The change before this one begins at {last.From:u}; this one begins later."));

        return refusals.Count > 0
            ? CatalogDecision.Refuse(refusals)
            : CatalogDecision.Record(new MergeWindowSetV1(
                command.Tenant, command.Window, command.From, command.Author.At(now)));
    }

    public static bool IsSame(MergeWindowSetV1? before, MergeWindowSetV1 after) =>
        (before?.Window ?? MergeWindow.None) == after.Window;

    /// <summary>
    /// The window that a use falls into, within its billing period; null: it is a charge of its own. It does
    /// not depend on what is decided later about later uses.
    /// </summary>
    /// <param name="facts">What was decided for the tenant, in that order.</param>
    public static BillingPeriod? WindowOf(
        IReadOnlyList<MergeWindowSetV1> facts, DateTimeOffset usedAt, BillingPeriod period)
    {
        if (Length(InForce(facts, usedAt)) is not { } length) return null;

        var start = new DateTimeOffset(usedAt.UtcTicks - (usedAt.UtcTicks % length.Ticks), TimeSpan.Zero);
        var end = start + length;
        return new(
            start > period.Start ? start : period.Start,
            end < period.EndExclusive ? end : period.EndExclusive);
    }

    private static MergeWindow InForce(IReadOnlyList<MergeWindowSetV1> facts, DateTimeOffset usedAt)
    {
        for (var place = facts.Count - 1; place >= 0; place--)
            if (facts[place].From <= usedAt) return facts[place].Window;

        return MergeWindow.None;
    }

    // Days of UTC have no change of the clock in them.
    private static TimeSpan? Length(MergeWindow window) => window switch
    {
        MergeWindow.Minute => TimeSpan.FromMinutes(1),
        MergeWindow.Hour => TimeSpan.FromHours(1),
        MergeWindow.Day => TimeSpan.FromDays(1),
        _ => null,
    };
}
