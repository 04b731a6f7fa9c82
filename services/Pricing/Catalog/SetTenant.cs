using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>A new tenant, or other data of a known one.</summary>
public static class SetTenant
{
    public const int LongestName = 200;

    public sealed record Command(TenantId Tenant, string Name, string Country, Author Author);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        if (state.Tenants.TryGetValue(command.Tenant, out var known)
            && known.Name == command.Name && known.Country == command.Country)
            return CatalogDecision.AlreadySo;

        var refusals = Check(command).ToList();
        if (refusals.Count > 0) return CatalogDecision.Refuse(refusals);

        return CatalogDecision.Record(new TenantSetV1(
            command.Tenant, command.Name, command.Country, command.Author.At(now)));
    }

    private static IEnumerable<Refusal> Check(Command command)
    {
        foreach (var refusal in command.Author.Check()) yield return refusal;

        if (string.IsNullOrWhiteSpace(command.Name) || command.Name.Length > LongestName)
            yield return new("name", "name", $"A tenant has a name of 1 to {LongestName} characters.");
        if (!CatalogFacts.IsCountry(command.Country))
            yield return new("country", "country", "A country is two capital letters of ISO 3166, as FR.");
    }
}
