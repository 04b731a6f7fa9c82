using System.Text.Json;

namespace Billing.Samples;

/// <summary>One line of Data/tenants.json.</summary>
/// <param name="Plan">Null: it has no subscription.</param>
/// <param name="Anchor">The local day from which months are counted; null: calendar months.</param>
internal sealed record SampleTenant(
    string Id, string Name, string Country, string? Plan = null, string? TimeZone = null, DateOnly? Anchor = null)
{
    public string SubscriptionId => $"{Id}-1";

    public static IReadOnlyList<SampleTenant> Read() => JsonSerializer.Deserialize<SampleTenant[]>(
        File.ReadAllBytes(Path.Combine(SampleUsage.Folder, "tenants.json")), JsonSerializerOptions.Web)!;
}
