using System.Text.Json;

namespace Billing.Samples.Tests;

/// <summary>The shipped requests become the usage that Data/README.md says.</summary>
public class SampleUsageTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 14, 9, 26, 53, TimeSpan.Zero);

    private static readonly IReadOnlyList<SampleUsage.Request> Requests = SampleUsage.Read();
    private static readonly IReadOnlyList<SampleTenant> Tenants = SampleTenant.Read();

    [Test]
    public void each_row_is_one_event_with_an_id_of_its_own()
    {
        Requests.Count.ShouldBe(8_819);

        var ids = Events(Now).Select(one => Text(one, "id")).ToList();
        ids.ShouldBeUnique();
        ids[0].ShouldBe("1");
        ids[^1].ShouldBe("8819");
    }

    [Test]
    public void the_last_request_is_made_now_and_the_others_as_long_before_as_they_were()
    {
        var times = Events(Now).Select(one => DateTimeOffset.Parse(Text(one, "time"), null)).ToList();

        times.Max().ShouldBe(Now);
        (times.Max() - times.Min()).ShouldBe(
            Requests.Max(request => request.At) - Requests.Min(request => request.At));
    }

    [Test]
    public void fed_again_with_the_same_shift_every_byte_is_the_same() =>
        Events(Now).Select(Convert.ToHexString).ShouldBe(Events(Now).Select(Convert.ToHexString));

    [Test]
    public void what_a_row_says_is_what_its_event_says()
    {
        var event3 = Json(Events(Now).ElementAt(2));

        event3.GetProperty("specversion").GetString().ShouldBe("1.0");
        event3.GetProperty("source").GetString().ShouldBe("/samples/llm-usage-code");
        event3.GetProperty("type").GetString().ShouldBe("llm.completion");
        event3.GetProperty("data").GetProperty("tokens_in").GetInt32().ShouldBe(110);
        event3.GetProperty("data").GetProperty("tokens_out").GetInt32().ShouldBe(27);
    }

    [Test]
    public void rows_are_spread_over_twelve_tenants_by_the_stated_rule()
    {
        Tenants.Count.ShouldBe(12);
        // printf 1 | sha256sum: 6b86b273; printf 8819 | sha256sum: the fixed points of the rule.
        SampleUsage.Place(1, 12).ShouldBe((int)(0x6b86b273u % 12));
        SampleUsage.Place(2, 12).ShouldBe((int)(0xd4735e3au % 12));

        var rows = Events(Now).GroupBy(one => Text(one, "subject")).Select(tenant => tenant.Count()).ToList();
        rows.Count.ShouldBe(12);
        rows.ShouldAllBe(count => count > 600 && count < 900);
    }

    [Test]
    public void there_are_three_currencies_and_in_each_a_tenant_without_a_subscription()
    {
        string[] dollar = ["US"], euro = ["DE", "FR", "PT", "IT"], franc = ["CI", "SN", "ML", "BJ"];
        foreach (var countries in (string[][])[dollar, euro, franc])
        {
            var there = Tenants.Where(tenant => countries.Contains(tenant.Country)).ToList();
            there.Count.ShouldBe(4);
            there.Count(tenant => tenant.Plan is null).ShouldBe(1);
        }
    }

    [Test]
    public void the_sample_catalog_is_one_that_pricing_takes()
    {
        var read = Pricing.Catalog.CatalogJson.Read(
            File.ReadAllBytes(Path.Combine(SampleUsage.Folder, "catalog.json")));
        read.Errors.ShouldBeEmpty();

        var imported = Pricing.Catalog.ImportCatalog.Decide(
            read.File, Pricing.Catalog.CatalogState.Empty, new("test", "sample"), Now);
        imported.Errors.ShouldBeEmpty();
        imported.Facts.Count.ShouldBe(3 + 3 + 15);
        Tenants.Where(tenant => tenant.Plan is not null).ShouldAllBe(
            tenant => read.File.Plans.Any(plan => plan.Value.Id.ToString() == tenant.Plan));
    }

    private static IEnumerable<byte[]> Events(DateTimeOffset last) =>
        SampleUsage.Events(Requests, Tenants, SampleUsage.Shift(Requests, last)).Select(one => one.Body);

    private static JsonElement Json(byte[] body) => JsonDocument.Parse(body).RootElement;

    private static string Text(byte[] body, string name) => Json(body).GetProperty(name).GetString()!;
}
