using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Scheduled;

namespace Billing.Pricing.Overage;

/// <summary>
/// From a moment on a tenant is charged for a meter by what is computed from usage, or by what the platform's
/// limiter reports. The other source is kept and compared.
/// </summary>
public static class SetOverageSource
{
    /// <summary>Where nothing was decided.</summary>
    public const OverageSource Unsaid = OverageSource.Computed;

    public sealed record Command(
        TenantId Tenant, MeterId Meter, OverageSource Source, DateTimeOffset From, Author Author);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var known = state.OverageSources.GetValueOrDefault((command.Tenant, command.Meter), []);
        if (InForce(known, DateTimeOffset.MaxValue) == command.Source) return CatalogDecision.AlreadySo;

        var refusals = Check(command, state).ToList();
        if (Standing.Of(known, fact => fact.From, IsSame).LastOrDefault() is { } last
            && command.From <= last.From)
            refusals.Add(new("changes-go-forward", "from",
                $"The change before this one begins at {last.From:u}; this one begins later."));

        return refusals.Count > 0
            ? CatalogDecision.Refuse(refusals)
            : CatalogDecision.Record(new OverageSourceSetV1(
                command.Tenant, command.Meter, command.Source, command.From, command.Author.At(now)));
    }

    public static bool IsSame(OverageSourceSetV1? before, OverageSourceSetV1 after) =>
        (before?.Source ?? Unsaid) == after.Source;

    public static OverageSource InForce(IReadOnlyList<OverageSourceSetV1> facts, DateTimeOffset moment) =>
        facts.LastOrDefault(fact => fact.From <= moment)?.Source ?? Unsaid;

    private static IEnumerable<Refusal> Check(Command command, CatalogState state)
    {
        foreach (var refusal in command.Author.Check()) yield return refusal;

        if (!state.Tenants.ContainsKey(command.Tenant))
            yield return new("unknown-tenant", "tenant", $"There is no tenant {command.Tenant}.");
        if (!state.Meters.ContainsKey(command.Meter))
            yield return new("unknown-meter", "meter", $"There is no meter {command.Meter}.");
    }
}
