using System.Text.Json;

namespace Billing.Pricing.Tests.Http;

/// <summary>Subscriptions over HTTP: start, change, cancel, and who sees what of them.</summary>
[Category("http")]
public sealed class SubscriptionHttpTests
{
    private const string Path = "/api/v1/subscriptions";

    private PricingService _service = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _service = await PricingService.Start();
        foreach (var (tenant, country) in new[]
        {
            ("acme", "FR"), ("beta", "US"), ("gamma", "JP"), ("delta", "JP"),
        })
            (await _service.Post("/api/v1/tenants", new { tenant, name = tenant, country, reason = "new" }))
                .Ok();
        (await _service.Post("/api/v1/meters", new
        {
            meter = "calls",
            eventType = "api.request",
            unit = "call",
            aggregation = "count",
            reason = "new",
        })).Ok();
        foreach (var plan in new[] { "basic", "pro" })
            (await _service.Post("/api/v1/plans", new
            {
                plan,
                name = plan,
                baseFees = new[] { "10 EUR", "11 USD" },
                included = new[] { new { meter = "calls", quantity = plan == "pro" ? "1000" : "100" } },
                from = _service.Time.GetUtcNow().AddYears(-1),
                reason = "new",
            })).Ok();
        foreach (var (rule, tenant, price) in new[]
        {
            ("list", null, "0.02 EUR"), ("acme-own", "acme", "0.01 EUR"), ("beta-own", "beta", "0.015 EUR"),
        })
            (await _service.Post("/api/overages/ops/pricing", new
            {
                rule,
                meter = "calls",
                currency = "EUR",
                tenant,
                model = new { model = "per-unit", price },
                reason = "new",
            })).Ok();
    }

    [OneTimeTearDown]
    public Task Stop() => _service.DisposeAsync().AsTask();

    [Test]
    public async Task It_starts_changes_and_ends_each_at_its_moment()
    {
        var begun = (await _service.Post(Path, new
        {
            subscription = "acme-1",
            tenant = "acme",
            plan = "basic",
            timeZone = "Europe/Paris",
            anchor = "2026-03-10",
            trialUntil = _service.Time.GetUtcNow().AddDays(7),
            reason = "signed",
        })).Ok();
        (State(begun), begun.GetProperty("currency").GetString()).ShouldBe(("trial", "EUR"));
        begun.GetProperty("currentPeriod").GetProperty("start").GetDateTimeOffset()
            .ShouldBe(new(2026, 3, 9, 23, 0, 0, TimeSpan.Zero));

        (await _service.Post($"{Path}/acme-1/change", new
        {
            plan = "pro",
            from = _service.Time.GetUtcNow().AddDays(10),
            reason = "grows",
        })).Ok();
        var shown = (await _service.Get($"{Path}/acme-1", "tenant", "acme")).Ok();
        (shown.GetProperty("plan").GetString(),
            shown.GetProperty("scheduled")[0].GetProperty("plan").GetString())
            .ShouldBe(("basic", "pro"));
        (await _service.Names("/api/v1/catalog/scheduled", "what")).ShouldContain("subscription");

        _service.Time.Advance(TimeSpan.FromDays(11));
        State((await _service.Get($"{Path}/acme-1")).Ok()).ShouldBe("active");
        var ending = (await _service.Post(
            $"{Path}/acme-1/cancel", new { isAtPeriodEnd = true, reason = "leaves" })).Ok();
        (State(ending), ending.GetProperty("until").GetDateTimeOffset())
            .ShouldBe(("active", new(2026, 4, 9, 22, 0, 0, TimeSpan.Zero)));
        _service.Time.Advance(TimeSpan.FromDays(20));
        State((await _service.Get($"{Path}/acme-1")).Ok()).ShouldBe("ended");

        (await _service.Names($"{Path}/acme-1/history", "reason")).ShouldBe("leaves grows signed");
        var own = (await _service.Get($"{Path}/acme-1/history", "tenant", "acme")).Ok().GetProperty("items");
        own.GetArrayLength().ShouldBe(3);
        own[0].GetProperty("reason").ValueKind.ShouldBe(JsonValueKind.Null);
        (await _service.Get($"{Path}/acme-1/history", "tenant", "beta")).Status.ShouldBe(404);
    }

    [Test]
    public async Task A_tenant_sees_its_own_and_the_prices_that_it_pays()
    {
        (await _service.Post(Path, new
        {
            subscription = "beta-1",
            tenant = "beta",
            plan = "basic",
            currency = "EUR",
            reason = "signed",
        })).Ok();

        (await _service.Names(Path, "subscription", "tenant", "beta")).ShouldBe("beta-1");
        (await _service.Names($"{Path}?tenant=beta", "subscription")).ShouldBe("beta-1");
        (await _service.Names(Path, "subscription", "tenant", "gamma")).ShouldBe("");
        (await _service.Get($"{Path}/beta-1", "tenant", "gamma")).Status.ShouldBe(404);
        (await _service.Get($"{Path}/beta-1/prices", "tenant", "gamma")).Status.ShouldBe(404);
        var terms = (await _service.Get($"{Path}/beta-1/prices", "tenant", "beta")).Ok()[0];
        (terms.GetProperty("meter").GetString(), terms.GetProperty("included").GetString(),
            terms.GetProperty("source").GetString()).ShouldBe(("calls", "100", "computed"));
        terms.GetProperty("prices").EnumerateArray().Select(price => price.GetProperty("rule").GetString())
            .ShouldBe(["beta-own"]);
        (await _service.Get($"{Path}/beta-1/prices?at=2020-01-01T00:00:00Z")).Status.ShouldBe(422);
    }

    [Test]
    public async Task What_cannot_be_is_refused_with_its_reasons()
    {
        (await _service.Post(Path, new
        {
            subscription = "nobody-1",
            tenant = "nobody",
            plan = "nothing",
            timeZone = "Mars/Olympus",
            country = "US",
            reason = "r",
        })).Problem().ShouldBe(
            "unprocessable unknown-tenant:tenant unknown-plan:plan time-zone:timeZone");
        (await _service.Post(
            Path, new { subscription = "d-1", tenant = "delta", plan = "basic", reason = "r" }))
            .Problem().ShouldBe("unprocessable plan-not-sold-in-currency:currency");
        (await _service.Post($"{Path}/nothing/change", new { plan = "pro", reason = "r" })).Status
            .ShouldBe(404);
        (await _service.Post($"{Path}/nothing/cancel", new { reason = "r" }, "finance")).Status.ShouldBe(403);
        (await _service.Post(Path, new { subscription = "d-1", tenant = "delta", reason = "r" })).Status
            .ShouldBe(400);
    }

    [Test]
    public async Task It_does_not_begin_before_use_that_was_rated_without_one_nor_end_before_use_of_its_own()
    {
        await _service.Database.Do(_service.Database.Owner,
            """
            insert into tallies (tally_id, tenant_id, subscription_id, meter_id, currency, period_start,
                period_end, stamp, catalog_number, terms_id, tally, total, taken, last_used_at)
            select gen_random_uuid(), 'gamma', s, 'calls', 'EUR', '2026-03-01', '2026-04-01', 1, 1,
                gen_random_uuid(), '{}', 0, 1, '2030-01-01T00:00:00Z' from unnest(array[null, 'gamma-1']) as s
            """);
        object Start(string from) => new
        {
            subscription = "gamma-1",
            tenant = "gamma",
            plan = "basic",
            currency = "EUR",
            from,
            reason = "r",
        };

        (await _service.Post(Path, Start("2029-12-31T00:00:00Z"))).Problem()
            .ShouldBe("unprocessable rated-without:from");
        (await _service.Post(Path, Start("2030-01-01T00:00:01Z"))).Ok();
        // One that had begun before, with use in 2030.
        (await _service.Post(
            $"{Path}/gamma-1/cancel", new { at = "2030-01-02T00:00:00Z", reason = "r" })).Ok();
        await _service.Database.Do(_service.Database.Owner,
            "update tallies set last_used_at = '2030-01-03T00:00:00Z'");
        (await _service.Post($"{Path}/gamma-1/cancel", new { at = "2030-01-02T12:00:00Z", reason = "r" }))
            .Problem().ShouldBe("unprocessable rated-after:at");
    }

    private static string State(JsonElement subscription) => subscription.GetProperty("state").GetString()!;
}
