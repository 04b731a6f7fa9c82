using Billing.Pricing.Merging;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Tests.Http;

/// <summary>Merge windows of tenants, the events behind a charge, and usage that waits for a price.</summary>
[Category("http")]
public sealed class MergingHttpTests
{
    private PricingService _service = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _service = await PricingService.Start();
        (await _service.Post("/api/v1/catalog/samples/llm-metering", new { })).Ok();
    }

    [OneTimeTearDown]
    public Task Stop() => _service.DisposeAsync().AsTask();

    [Test]
    public async Task Ops_sets_the_window_everybody_concerned_reads_it_and_the_history_says_why()
    {
        await _service.Subscribe("merged", "US", "standard");
        const string Windows = "/api/v1/tenants/merged/merge-windows";
        (await _service.Get(Windows)).Ok().GetArrayLength().ShouldBe(0);

        (await _service.Post(Windows, new { window = "hour", reason = "too many lines" })).Ok()[0]
            .GetProperty("window").GetString().ShouldBe("hour");
        (await _service.Post(Windows, new { window = "day", reason = "r", from = "2026-03-20T00:00:00Z" })).Ok();

        (await _service.Names(Windows, "window", "tenant", "merged")).ShouldBe("hour day");
        (await _service.Names(Windows, "reason", "tenant", "merged")).ShouldBe(" ");
        (await _service.Names(Windows, "reason")).ShouldBe("too many lines r");
        (await _service.Names("/api/v1/catalog/history?kind=merge-window-set&tenant=merged", "reason"))
            .ShouldBe("r too many lines");
        (await _service.Get(Windows, "tenant", "other")).Status.ShouldBe(404);
        (await _service.Get("/api/v1/tenants/nobody/merge-windows")).Status.ShouldBe(404);
        (await _service.Post(Windows, new { window = "hour", reason = "r" })).Problem()
            .ShouldBe("unprocessable changes-go-forward:from");
        (await _service.Post(Windows, new { window = "week", reason = "r" })).Status.ShouldBe(400);
        (await _service.Post(Windows, new { window = "none", reason = "r" }, "finance")).Status.ShouldBe(403);
    }

    [Test]
    public async Task A_merged_charge_leads_to_each_event_behind_it()
    {
        await _service.Subscribe("behind", "US", "standard");
        (await _service.Post("/api/v1/tenants/behind/merge-windows", new { window = "day", reason = "r" })).Ok();
        for (var use = 0; use < 3; use++) await _service.Take("behind", "playbook_runs", 40);
        _service.Time.Advance(TimeSpan.FromDays(1));
        await _service.TakeDue();

        var charge = await _service.Database.Ask<Guid>(_service.Database.Owner,
            "select charge_id from merged_ratings where tenant_id = 'behind' limit 1");
        var page = (await _service.Get($"{ListMerged.Route}/{charge}?limit=2")).Ok();
        var amounts = page.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("amount").GetString()).ToList();
        amounts.ShouldBe(["0 USD", "30 USD"]);
        var cursor = Uri.EscapeDataString(page.GetProperty("nextCursor").GetString()!);
        var last = (await _service.Get($"{ListMerged.Route}/{charge}?limit=2&cursor={cursor}")).Ok();
        last.GetProperty("items")[0].GetProperty("amount").GetString().ShouldBe("40 USD");
        last.GetProperty("items")[0].GetProperty("event").GetProperty("source").GetString().ShouldBe("//test");
        (await _service.Get($"{ListMerged.Route}/{charge}", "tenant", "behind")).Status.ShouldBe(403);
    }

    [Test]
    public async Task Samples_share_names_and_are_loaded_side_by_side_under_a_prefix()
    {
        const string Samples = "/api/v1/catalog/samples";
        var refused = await _service.Post($"{Samples}/rate-limit-overage", new { });
        (refused.Status, refused.Problem()).ShouldBe((409, "conflict"));
        refused.Json.GetProperty("names").EnumerateArray().Select(name => name.GetString())
            .ShouldContain("plan free");

        (await _service.Post($"{Samples}/rate-limit-overage?prefix=limits-", new { })).Ok();
        (await _service.Post($"{Samples}/impressions?prefix=ads-", new { })).Ok();
        (await _service.Post($"{Samples}/impressions?prefix=ads-", new { })).Ok()
            .GetProperty("prices").GetInt32().ShouldBe(0);
        (await _service.Post($"{Samples}/llm-metering", new { })).Ok().GetProperty("plans").GetInt32().ShouldBe(0);
        (await _service.Post($"{Samples}/impressions?prefix=A!", new { })).Status.ShouldBe(400);

        // 0.01 USD each: the prices of the sample are for its own meters.
        await _service.Subscribe("side", "US", "limits-free");
        (await _service.Post("/api/overages/ops/pricing/preview", new
        {
            meter = "limits-requests_per_day",
            plan = "limits-free",
            country = "US",
            units = "5000",
        })).Ok().GetProperty("rounded").GetString().ShouldBe("50.00 USD");
    }

    [Test]
    public async Task Usage_without_a_price_is_listed_page_by_page_until_it_has_one()
    {
        await _service.Subscribe("waits", "US", "standard");
        await _service.Subscribe("waits-too", "US", "standard");
        (await _service.Post("/api/v1/meters", new
        {
            meter = "videos",
            eventType = "video.made",
            unit = "video",
            aggregation = "sum",
            property = "n",
            reason = "new",
        })).Ok();
        for (var use = 1; use <= 3; use++) await _service.Take("waits", "videos", use);
        await _service.Take("waits-too", "videos", 9);
        await _service.Take("waits", "playbook_runs", 1); // has a price

        var first = (await _service.Get($"{ListUnpriced.Route}?tenant=waits&limit=2")).Ok();
        first.GetProperty("items").GetArrayLength().ShouldBe(2);
        var cursor = Uri.EscapeDataString(first.GetProperty("nextCursor").GetString()!);
        var second = (await _service.Get($"{ListUnpriced.Route}?tenant=waits&limit=2&cursor={cursor}")).Ok();
        first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray())
            .Select(item => item.GetProperty("quantity").GetString()).Order().ShouldBe(["1", "2", "3"]);
        (await _service.Names($"{ListUnpriced.Route}?meter=videos", "tenant"))
            .ShouldBe("waits waits waits waits-too");
        (await _service.Names($"{ListUnpriced.Route}?meter=playbook_runs", "tenant")).ShouldBe("");
        (await _service.Get(ListUnpriced.Route, "tenant", "waits")).Status.ShouldBe(403);
        (await _service.Get($"{ListUnpriced.Route}?limit=0")).Status.ShouldBe(400);

        (await _service.Post("/api/overages/ops/pricing", new
        {
            rule = "videos",
            meter = "videos",
            currency = "USD",
            model = new { model = "per-unit", price = "1 USD" },
            from = "2026-01-01T00:00:00Z",
            isBackdated = true,
            reason = "new",
        })).Ok();
        await _service.Sweep();
        await _service.TakeDue();
        (await _service.Names(ListUnpriced.Route, "tenant")).ShouldBe("");
    }
}
