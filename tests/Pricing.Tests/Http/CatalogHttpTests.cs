using System.Text.Json;

namespace Billing.Pricing.Tests.Http;

/// <summary>Tenants, meters, plans and prices over HTTP.</summary>
[Category("http")]
public sealed class CatalogHttpTests
{
    private PricingService _service = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _service = await PricingService.Start();
        foreach (var (tenant, country) in new[] { ("acme", "FR"), ("beta", "US"), ("gamma", "CI") })
            (await _service.Post("/api/v1/tenants", new { tenant, name = tenant, country, reason = "new" }))
                .Ok();
        foreach (var meter in new[] { "calls", "tokens" })
            (await _service.Post("/api/v1/meters", new
            {
                meter,
                eventType = "api.request",
                unit = "call",
                aggregation = "count",
                reason = "new",
            })).Ok();
    }

    [OneTimeTearDown]
    public Task Stop() => _service.DisposeAsync().AsTask();

    [Test]
    public async Task A_tenant_is_set_read_and_its_history_says_who_when_and_why()
    {
        var set = (await _service.Post(
            "/api/v1/tenants", new { tenant = "delta", name = "Delta", country = "JP", reason = "signed" }))
            .Ok();
        (await _service.Post(
            "/api/v1/tenants", new { tenant = "delta", name = "Delta", country = "JP", reason = "again" }))
            .Ok(); // says so already
        (await _service.Post(
            "/api/v1/tenants", new { tenant = "delta", name = "Delta KK", country = "JP", reason = "named" }))
            .Ok();

        (set.GetProperty("name").GetString(), set.GetProperty("currency").GetString())
            .ShouldBe(("Delta", "JPY"));
        (await _service.Get("/api/v1/tenants/delta")).Ok().GetProperty("name").GetString()
            .ShouldBe("Delta KK");
        var history = (await _service.Get("/api/v1/tenants/delta/history")).Ok().GetProperty("items");
        history.EnumerateArray().Select(entry => entry.GetProperty("reason").GetString())
            .ShouldBe(["named", "signed"]);
        history[0].GetProperty("actor").GetString().ShouldNotBeNullOrEmpty();
        history[0].GetProperty("kind").GetString().ShouldBe("tenant-set");
        history[0].GetProperty("fact").GetProperty("name").GetString().ShouldBe("Delta KK");
        history[0].GetProperty("fact").TryGetProperty("decision", out _).ShouldBeFalse();
    }

    [Test]
    public async Task Roles_say_who_may_what()
    {
        var tenant = new { tenant = "x", name = "X", country = "FR", reason = "r" };
        (await _service.Post("/api/v1/tenants", tenant, "finance")).Status.ShouldBe(403);
        (await _service.Send(HttpMethod.Get, "/api/v1/tenants", null, null)).Status.ShouldBe(401);
        (await _service.Get("/api/v1/tenants", "tenant", "acme")).Status.ShouldBe(403);
        (await _service.Get("/api/v1/tenants/acme", "tenant", "acme")).Status.ShouldBe(200);
        (await _service.Get("/api/v1/tenants/beta", "tenant", "acme")).Status.ShouldBe(404);
        (await _service.Get("/api/v1/tenants/acme/history", "tenant", "acme")).Status.ShouldBe(403);
        (await _service.Get("/api/overages/ops/pricing", "tenant", "acme")).Status.ShouldBe(403);
        (await _service.Get("/api/v1/meters", "producer")).Status.ShouldBe(403);
        (await _service.Get("/api/v1/meters", "tenant", "acme")).Status.ShouldBe(200);
        (await _service.Delete("/api/overages/ops/pricing?rule=x&reason=r", "finance")).Status.ShouldBe(403);
    }

    [Test]
    public async Task Lists_go_on_where_the_page_before_ended()
    {
        var first = (await _service.Get("/api/v1/tenants?limit=2")).Ok();
        var cursor = first.GetProperty("nextCursor").GetString();
        var second = (await _service.Get($"/api/v1/tenants?limit=2&cursor={cursor}")).Ok();

        string[] names =
        [
            .. first.GetProperty("items").EnumerateArray()
                .Concat(second.GetProperty("items").EnumerateArray())
                .Select(tenant => tenant.GetProperty("tenant").GetString()!),
        ];
        names[..3].ShouldBe(["acme", "beta", names.Contains("delta") ? "delta" : "gamma"]);
        (await _service.Get($"/api/v1/meters?limit=2&cursor={cursor}")).Status.ShouldBe(400);
    }

    [Test]
    public async Task Every_reason_why_not_is_named()
    {
        var path = "/api/v1/tenants";
        (await _service.Post(path, new { tenant = "y", name = "", country = "fr", reason = " " })).Problem()
            .ShouldBe("unprocessable reason-missing:reason name:name country:country");
        (await _service.Post(path, new { tenant = "a/b", name = "X", country = "FR", reason = "r" }))
            .Status.ShouldBe(400);
        (await _service.Post("/api/v1/meters", new
        {
            meter = "calls",
            eventType = "other",
            unit = "call",
            aggregation = "count",
            reason = "r",
        })).Problem().ShouldBe("unprocessable meter-counts-otherwise:meter");
        (await _service.Post("/api/overages/ops/pricing", new
        {
            rule = "bad",
            meter = "nothing",
            currency = "USD",
            model = new
            {
                model = "graduated",
                tiers = new[]
                {
                    new { from = "1", price = "0.01 USD" }, new { from = "1", price = "0.02 EUR" },
                },
            },
            reason = "r",
        })).Problem().ShouldBe(
            "unprocessable unknown-meter:meter hole-in-tiers:tiers[0].from tiers-overlap:tiers[1].from "
            + "currency-mismatch:tiers[1].price");
        (await _service.Get("/api/v1/plans/nothing")).Problem().ShouldBe("not-found");
    }

    [Test]
    public async Task A_key_makes_a_request_one_request()
    {
        var body = new
        {
            rule = "keyed",
            meter = "tokens",
            currency = "KWD",
            model = new { model = "per-unit", price = "0.001 KWD" },
            reason = "r",
        };
        (await _service.Post("/api/overages/ops/pricing", body, key: "one-key")).Ok();
        (await _service.Post("/api/overages/ops/pricing", body, key: "one-key")).Ok();

        // The stored answer is gone after a day; what was asked then is still the same.
        _service.Time.Advance(TimeSpan.FromHours(25));
        await _service.Database.Do(_service.Database.Writer, "delete from idempotency_keys");
        (await _service.Post("/api/overages/ops/pricing", body, key: "one-key")).Ok();

        (await _service.Names("/api/overages/ops/pricing/keyed/versions", "version")).ShouldBe("1");
        (await _service.Send(
            HttpMethod.Post, "/api/v1/tenants", _service.Token("ops"),
            System.Net.Http.Json.JsonContent.Create(body), key: "two words")).Status.ShouldBe(400);
    }

    [Test]
    public async Task A_plan_has_versions_and_shows_what_is_to_come()
    {
        (await _service.Post("/api/v1/plans", new
        {
            plan = "pro",
            name = "Pro",
            baseFees = new[] { "10 USD", "9 EUR" },
            included = new[] { new { meter = "calls", quantity = "1000" } },
            reason = "new",
        })).Ok();
        var next = (await _service.Post("/api/v1/plans", new
        {
            plan = "pro",
            name = "Pro",
            baseFees = new[] { "12 USD", "10 EUR" },
            from = _service.Time.GetUtcNow().AddDays(30).ToOffset(TimeSpan.FromHours(2)),
            reason = "dearer",
        })).Ok();

        next.GetProperty("current").GetProperty("baseFees")[0].GetString().ShouldBe("10 USD");
        next.GetProperty("scheduled").GetArrayLength().ShouldBe(1);
        (await _service.Names("/api/v1/plans/pro/versions", "state")).ShouldBe("in-force scheduled");
        (await _service.Names("/api/v1/catalog/scheduled", "key")).ShouldContain("pro");
        (await _service.Names("/api/v1/catalog/history?kind=plan-published&key=pro", "reason"))
            .ShouldBe("dearer new");
        await AnotherVersionIsWithdrawn();
        (await _service.Get("/api/v1/catalog/history?kind=nothing")).Status.ShouldBe(400);

        _service.Time.Advance(TimeSpan.FromDays(31));
        (await _service.Get("/api/v1/plans/pro", "tenant", "acme")).Ok().GetProperty("current")
            .GetProperty("baseFees")[0].GetString().ShouldBe("12 USD");
    }

    private async Task AnotherVersionIsWithdrawn()
    {
        const string Scheduled = "/api/v1/catalog/scheduled";
        (await _service.Post("/api/v1/plans", new
        {
            plan = "pro",
            name = "Pro",
            baseFees = new[] { "99 USD" },
            from = _service.Time.GetUtcNow().AddDays(90),
            reason = "a typing mistake",
        })).Ok();
        var id = (await _service.Get(Scheduled)).Ok().EnumerateArray()
            .Single(item => item.GetProperty("reason").GetString() == "a typing mistake").GetProperty("id");
        (await _service.Delete($"{Scheduled}/{id}?reason=r", "finance")).Status.ShouldBe(403);
        (await _service.Delete($"{Scheduled}/{id}")).Status.ShouldBe(400);

        var left = (await _service.Delete($"{Scheduled}/{id}?reason=withdrawn")).Ok();
        left.EnumerateArray().ShouldNotContain(item => item.GetProperty("id").GetString() == id.GetString());
        (await _service.Delete($"{Scheduled}/{id}?reason=withdrawn")).Problem()
            .ShouldBe("unprocessable unknown-change:id");
        (await _service.Names("/api/v1/catalog/history?kind=plan-published&key=pro", "reason"))
            .ShouldBe("withdrawn a typing mistake dearer new");
    }

    [Test]
    public async Task A_price_is_published_changed_retired_and_each_version_stays_readable()
    {
        object Price(string price, DateTimeOffset? from = null, string? until = null) => new
        {
            rule = "list",
            meter = "calls",
            currency = "USD",
            // The name of the model may stand anywhere.
            model = JsonSerializer.Deserialize<JsonElement>(
                $$"""{"price": "{{price}}", "model": "per-unit"}"""),
            from,
            until,
            reason = "r",
        };
        var now = _service.Time.GetUtcNow();
        (await _service.Post("/api/overages/ops/pricing", Price("0.02 USD"))).Ok();
        (await _service.Post("/api/overages/ops/pricing", Price("0.03 USD", now.AddDays(-1))))
            .Problem().ShouldBe("unprocessable in-the-past:from");
        (await _service.Post("/api/overages/ops/pricing", Price("0.03 USD", now.AddDays(10)))).Ok()
            .GetProperty("current").GetProperty("model").GetProperty("price").GetString()
            .ShouldBe("0.02 USD");

        (await _service.Names("/api/overages/ops/pricing?meter=calls&currency=USD", "level"))
            .ShouldBe("meter");
        (await _service.Names("/api/overages/ops/pricing?meter=calls&state=scheduled", "rule"))
            .ShouldBe("list");
        (await _service.Delete("/api/overages/ops/pricing?rule=nothing&reason=r")).Status.ShouldBe(404);
        (await _service.Delete("/api/overages/ops/pricing?rule=list")).Status.ShouldBe(400);
        (await _service.Delete("/api/overages/ops/pricing?rule=list&reason=over")).Ok()
            .GetProperty("current").ValueKind.ShouldBe(JsonValueKind.Null);

        (await _service.Names("/api/overages/ops/pricing?meter=calls&currency=USD", "rule")).ShouldBe("");
        (await _service.Names("/api/overages/ops/pricing?meter=calls&state=over", "rule")).ShouldBe("list");
        (await _service.Names("/api/overages/ops/pricing/list/versions", "state")).ShouldBe("over over");
        (await _service.Names("/api/overages/ops/pricing/list/history", "kind"))
            .ShouldBe("price-rule-retired price-rule-published price-rule-published");
    }

    [Test]
    public async Task A_source_of_overage_is_set_for_a_tenant_and_meter()
    {
        var path = "/api/v1/tenants/gamma/overage-sources";
        (await _service.Names(path, "source")).ShouldBe("");
        (await _service.Post(path, new { meter = "calls", source = "reported", reason = "limiter" })).Ok();
        (await _service.Post(path, new { meter = "nothing", source = "reported", reason = "limiter" }))
            .Problem().ShouldBe("unprocessable unknown-meter:meter");
        (await _service.Post(
            "/api/v1/tenants/nobody/overage-sources",
            new { meter = "calls", source = "reported", reason = "r" })).Status.ShouldBe(404);

        (await _service.Names(path, "source", "tenant", "gamma")).ShouldBe("reported");
        (await _service.Get(path, "tenant", "beta")).Status.ShouldBe(404);
    }

    [Test]
    public async Task What_units_would_cost_is_shown_with_its_arithmetic_and_stored_nowhere()
    {
        foreach (var (rule, plan, country, price) in new[]
        {
            ("day", null, null, "0.01 USD"), ("day-fr", "free", "FR", "0.009 EUR"),
        })
        {
            if (plan is not null)
                (await _service.Post("/api/v1/plans", new { plan, name = plan, reason = "r" })).Ok();
            (await _service.Post("/api/overages/ops/pricing", new
            {
                rule,
                meter = "tokens",
                currency = price.Split(' ')[1],
                plan,
                country,
                model = new { model = "per-unit", price },
                reason = "r",
            })).Ok();
        }

        var before = await _service.Database.Ask<long>(
            _service.Database.Owner, "select max(number) from catalog_facts");
        var one = (await _service.Post("/api/overages/ops/pricing/preview", new
        {
            meter = "tokens",
            units = "5000",
            plan = "free",
            country = "US",
        }, "finance")).Ok();
        one.GetProperty("rounded").GetString().ShouldBe("50.00 USD");
        one.GetProperty("trace").GetProperty("steps")[0].GetProperty("what").GetString().ShouldBe("per unit");
        one.GetProperty("trace").GetProperty("level").GetString().ShouldBe("meter");

        var many = (await _service.Post("/api/overages/ops/pricing/preview/batch", new[]
        {
            new { meter = "tokens", units = "1", plan = "free", country = "FR" },
            new { meter = "nothing", units = "1", plan = "free", country = "FR" },
        })).Ok();
        many[0].GetProperty("amount").GetString().ShouldBe("0.009 EUR");
        many[1].GetProperty("refusals")[0].GetProperty("type").GetString().ShouldBe("unknown-meter");
        (await _service.Post(
            "/api/overages/ops/pricing/preview", new { meter = "tokens", units = "1", country = "JP" }))
            .Problem().ShouldBe("unprocessable no-price:meter");
        (await _service.Post("/api/overages/ops/pricing/preview/batch", Array.Empty<object>()))
            .Status.ShouldBe(400);
        (await _service.Database.Ask<long>(
            _service.Database.Owner, "select max(number) from catalog_facts")).ShouldBe(before);
    }
}
