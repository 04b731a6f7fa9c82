using Billing.Pricing.Overage;

namespace Billing.Pricing.Tests.Http;

/// <summary>Allowances and base fees of one tenant over HTTP, and what they make of its usage and quota.</summary>
[Category("http")]
public sealed class AgreementHttpTests
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
    public async Task Ops_agrees_an_allowance_and_usage_overages_and_prices_go_by_it()
    {
        await _service.Subscribe("own", "US", "standard");
        await _service.Subscribe("plain", "US", "standard");
        await _service.Take("own", "playbook_runs", 75);
        await _service.Take("plain", "playbook_runs", 75);
        const string Allowances = "/api/v1/tenants/own/allowances";
        _service.Time.Advance(TimeSpan.FromMinutes(1));
        var at = Uri.EscapeDataString($"{_service.Time.GetUtcNow():O}");

        var set = await _service.Post(Allowances, new { meter = "playbook_runs", quantity = "60", reason = "contract" }, key: "a");
        set.Ok()[0].GetProperty("version").GetInt32().ShouldBe(1);
        (await _service.Post(Allowances, new { meter = "playbook_runs", quantity = "60", reason = "contract" }, key: "a"))
            .Body.ShouldBe(set.Body);
        _service.Time.Advance(TimeSpan.FromMinutes(1));
        await _service.TakeDue();

        // From then on: what was used before keeps the 50 of the plan, and the 10 more are for what comes.
        await _service.Take("own", "playbook_runs", 4);
        var usage = (await _service.Get(GetUsage.Route, "tenant", "own")).Ok();
        var runs = usage.GetProperty("meters").EnumerateArray()
            .Single(meter => meter.GetProperty("meter").GetString() == "playbook_runs");
        (runs.GetProperty("included").GetString(), runs.GetProperty("over").GetString(),
            runs.GetProperty("remaining").GetString()).ShouldBe(("60", "25", "6"));

        (await _service.Post(Allowances, new
        {
            meter = "playbook_runs",
            quantity = "70",
            from = "2026-03-01T00:00:00Z",
            reason = "was meant from the start",
        })).Problem().ShouldBe("unprocessable in-the-past:from overlap:from");
        (await _service.Delete($"{Allowances}?meter=playbook_runs&reason=over")).Ok();
        (await _service.Names(Allowances, "version", "tenant", "own")).ShouldBe("1 2");
        (await _service.Names($"{Allowances}?state=in-force", "version")).ShouldBe("2");
        (await _service.Names(Allowances, "reason", "tenant", "own")).Trim().ShouldBeEmpty();
        (await _service.Names(Allowances, "reason")).ShouldBe("contract over");
        (await _service.Get(Allowances, "tenant", "plain")).Status.ShouldBe(404);
        (await _service.Names("/api/v1/catalog/history?kind=tenant-allowance-set&tenant=own", "reason"))
            .ShouldBe("over contract");

        var prices = (await _service.Get($"/api/v1/subscriptions/own-1/prices?at={at}", "tenant", "own")).Ok();
        var price = prices.EnumerateArray().Single(meter => meter.GetProperty("meter").GetString() == "playbook_runs");
        (price.GetProperty("included").GetString(), price.GetProperty("isIncludedAgreed").GetBoolean()).ShouldBe(("60", true));
        var others = (await _service.Get(GetOverages.Route, "tenant", "plain")).Ok();
        others.GetProperty("total").GetString().ShouldBe("25.00 USD");
    }

    [Test]
    public async Task The_quota_counts_what_is_agreed_when_it_looks_at_what_units_cost()
    {
        await _service.Subscribe("capped", "US", "standard");
        (await _service.Post("/api/v1/quota-limits", new
        {
            meter = "playbook_runs",
            tenant = "capped",
            spendCap = "1 USD",
            reason = "budget",
        })).Ok();
        const string Check = "/api/v1/quota/capped/playbook_runs?units=60"; // 50 in the plan, then 1 USD each
        (await _service.Get(Check)).Status.ShouldBe(429);

        (await _service.Post("/api/v1/tenants/capped/allowances", new
        {
            meter = "playbook_runs",
            quantity = "60",
            plan = "standard",
            reason = "contract",
        })).Ok();

        (await _service.Get(Check)).Ok().GetProperty("verdict").GetString().ShouldBe("allow");
        (await _service.Get(Check.Replace("60", "62", StringComparison.Ordinal))).Status.ShouldBe(429);
    }

    [Test]
    public async Task What_is_agreed_for_later_is_listed_and_withdrawn()
    {
        await _service.Subscribe("later", "US", "standard");
        const string Allowances = "/api/v1/tenants/later/allowances", Fees = "/api/v1/tenants/later/base-fees";
        (await _service.Post(Allowances, new
        {
            meter = "llm_tokens",
            quantity = "1000000",
            from = "2026-04-01T00:00:00+02:00",
            until = "2026-07-01T00:00:00Z",
            reason = "spring",
        })).Ok().EnumerateArray().Select(one => one.GetProperty("from").GetDateTimeOffset())
            .ShouldBe(
            [
                new(2026, 3, 31, 22, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 7, 1, 0, 0, 0, TimeSpan.Zero),
            ]);
        (await _service.Post(Fees, new { fee = "9.5 USD", from = "2026-04-01T00:00:00Z", reason = "spring" })).Ok();

        (await _service.Names($"{Fees}?state=scheduled", "fee")).ShouldBe("9.5 USD");
        var scheduled = (await _service.Get("/api/v1/catalog/scheduled")).Ok().EnumerateArray()
            .Where(item => item.GetProperty("tenant").GetString() == "later").ToList();
        scheduled.Select(item => item.GetProperty("what").GetString()).ShouldBe(
            ["allowance of a tenant", "base fee of a tenant", "allowance of a tenant"]);
        foreach (var item in scheduled.AsEnumerable().Reverse())
            (await _service.Delete($"/api/v1/catalog/scheduled/{item.GetProperty("id").GetString()}?reason=no")).Ok();

        (await _service.Names(Fees, "fee")).ShouldBe("");
        (await _service.Names(Allowances, "quantity")).ShouldBe("");
    }

    [Test]
    public async Task What_cannot_be_is_refused_with_the_field()
    {
        await _service.Subscribe("wrong", "US", "standard");
        const string Allowances = "/api/v1/tenants/wrong/allowances", Fees = "/api/v1/tenants/wrong/base-fees";

        (await _service.Post(Allowances, new { meter = "nothing", quantity = "-1", reason = " " })).Problem()
            .ShouldBe("unprocessable reason-missing:reason unknown-meter:meter allowance-below-zero:quantity");
        (await _service.Post(Fees, new { fee = "5 EUR", reason = "r" })).Problem()
            .ShouldStartWith("unprocessable currency-mismatch:fee");
        (await _service.Post("/api/v1/tenants/nobody/base-fees", new { fee = "5 USD", reason = "r" })).Problem()
            .ShouldBe("unprocessable unknown-tenant:tenant");
        (await _service.Get("/api/v1/tenants/nobody/allowances")).Status.ShouldBe(404);
        (await _service.Post(Allowances, new { meter = "llm_tokens", quantity = 5.5, reason = "r" })).Status.ShouldBe(400);
        (await _service.Post(Fees, new { fee = "5 USD", reason = "r" }, "finance")).Status.ShouldBe(403);
        (await _service.Get($"{Fees}?limit=101")).Status.ShouldBe(400);
        (await _service.Get($"{Fees}?state=gone")).Status.ShouldBe(400);
        (await _service.Delete($"{Fees}?currency=usd&reason=r")).Status.ShouldBe(400);
        (await _service.Get(Fees)).Ok().GetProperty("items").GetArrayLength().ShouldBe(0);
    }
}
