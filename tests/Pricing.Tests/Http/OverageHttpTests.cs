using System.Text.Json;
using Billing.Contracts.Usage;
using Billing.Pricing.Overage;

namespace Billing.Pricing.Tests.Http;

/// <summary>The sums that the source documents name, from usage to the answer over HTTP.</summary>
[Category("http")]
public sealed class OverageHttpTests
{
    private PricingService _llm = null!, _limits = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        (_llm, _limits) = (await PricingService.Start(), await PricingService.Start());
        (await _llm.Post("/api/v1/catalog/samples/llm-metering", new { })).Ok();
        (await _limits.Post("/api/v1/catalog/samples/rate-limit-overage", new { })).Ok();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _llm.DisposeAsync();
        await _limits.DisposeAsync();
    }

    [Test]
    public async Task Tokens_and_runs_over_the_plan_are_2500_cents_each_and_5000_together()
    {
        await _llm.Subscribe("org", "US", "standard");
        await _llm.Take("org", "llm_tokens", 750_000);
        for (var run = 0; run < 75; run++) await _llm.Take("org", "playbook_runs", 1);

        var overages = (await _llm.Get(GetOverages.Route, "tenant", "org")).Ok();

        var tokens = Line(overages, "llm_tokens");
        (tokens.GetProperty("amount").GetString(), tokens.GetProperty("unitPrice").GetString(),
            tokens.GetProperty("cost").GetString(), tokens.GetProperty("costMinorUnits").GetInt64())
            .ShouldBe(("250000", "0.0001 USD", "25.00 USD", 2500));
        var runs = Line(overages, "playbook_runs");
        (runs.GetProperty("amount").GetString(), runs.GetProperty("cost").GetString())
            .ShouldBe(("25", "25.00 USD"));
        Line(overages, "seats").GetProperty("costMinorUnits").GetInt64().ShouldBe(0);
        (overages.GetProperty("total").GetString(), overages.GetProperty("totalMinorUnits").GetInt64())
            .ShouldBe(("50.00 USD", 5000));
    }

    [Test]
    public async Task Usage_shows_what_is_used_and_left_and_the_subscription_that_it_is_under()
    {
        await _llm.Subscribe("half", "US", "standard");
        await _llm.Take("half", "llm_tokens", 200_000);

        var usage = (await _llm.Get(GetUsage.Route, "tenant", "half")).Ok();

        usage.GetProperty("subscription").GetProperty("plan").GetString().ShouldBe("standard");
        usage.GetProperty("period").GetProperty("start").GetDateTimeOffset()
            .ShouldBe(new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        var tokens = Line(usage, "llm_tokens", "meters");
        (tokens.GetProperty("used").GetString(), tokens.GetProperty("remaining").GetString(),
            tokens.GetProperty("over").GetString()).ShouldBe(("200000", "300000", "0"));
        usage.GetProperty("overageTotal").GetString().ShouldBe("0.00 USD");
        usage.GetProperty("isBehind").GetBoolean().ShouldBeFalse();

        (await _llm.Get($"{GetUsage.Route}?tenant=half")).Ok().GetProperty("meters").GetArrayLength()
            .ShouldBe(usage.GetProperty("meters").GetArrayLength());
        (await _llm.Get(GetUsage.Route)).Status.ShouldBe(400);
        (await _llm.Get($"{GetUsage.Route}?tenant=half", "tenant", "nobody")).Status.ShouldBe(404);
        (await _llm.Get(GetUsage.Route, "producer")).Status.ShouldBe(403);
        Line((await _llm.Get($"{GetUsage.Route}?tenant=half&at=2026-05-01T00:00:00Z")).Ok(), "llm_tokens",
            "meters").GetProperty("used").GetString().ShouldBe("0");
    }

    [TestCase("us", "US", 5000, "0.01 USD", "50 USD", "50.00 USD")]
    [TestCase("fr", "FR", 1, "0.009 EUR", "0.009 EUR", "0.01 EUR")]
    public async Task Requests_that_the_limiter_reported_cost_what_the_document_says(
        string tenant, string country, int units, string price, string exact, string cost)
    {
        await _limits.Subscribe(tenant, country, "free");
        (await _limits.Post($"/api/v1/tenants/{tenant}/overage-sources", new
        {
            meter = "requests_per_day",
            source = "reported",
            from = "2026-03-01T00:00:00Z",
            reason = "the limiter counts",
        })).Ok();
        await _limits.Take(tenant, "requests_per_day", units, UsageScope.OverLimit);

        var line = Line((await _limits.Get(GetOverages.Route, "tenant", tenant)).Ok(), "requests_per_day");

        (line.GetProperty("unitPrice").GetString(), line.GetProperty("exact").GetString(),
            line.GetProperty("cost").GetString()).ShouldBe((price, exact, cost));
    }

    [Test]
    public async Task A_recalculation_agrees_with_what_was_charged_and_may_be_asked_for_again_and_again()
    {
        await _llm.Subscribe("again", "US", "standard");
        await _llm.Take("again", "llm_tokens", 600_000);
        await _llm.Take("again", "llm_tokens", 150_000);

        foreach (var force in new[] { false, true, true })
        {
            var answer = (await _llm.Send(
                HttpMethod.Post, RecalculateOverages.Route, _llm.Token("tenant", "again"),
                System.Net.Http.Json.JsonContent.Create(new { force }))).Ok();
            answer.GetProperty("agrees").GetBoolean().ShouldBeTrue();
            var line = Line(answer, "llm_tokens");
            (line.GetProperty("charged").GetString(), line.GetProperty("recalculated").GetString(),
                line.GetProperty("uses").GetInt64()).ShouldBe(("25 USD", "25 USD", 2));
        }

        // A sum that is not that of its uses is found, and nothing is charged by asking.
        await _llm.Database.Do(_llm.Database.Owner,
            "update uses set quantity = quantity + 1 where tenant_id = 'again' and quantity = 150000");
        (await _llm.Post(RecalculateOverages.Route, new { tenant = "again" })).Ok()
            .GetProperty("agrees").GetBoolean().ShouldBeTrue();
        var forced = (await _llm.Post(
            RecalculateOverages.Route, new { tenant = "again", force = true })).Ok();
        forced.GetProperty("agrees").GetBoolean().ShouldBeFalse();
        Line(forced, "llm_tokens").GetProperty("recalculated").GetString().ShouldBe("25.0001 USD");
        (await _llm.Send(
            HttpMethod.Post, RecalculateOverages.Route, _llm.Token("tenant", "nobody"),
            System.Net.Http.Json.JsonContent.Create(new { tenant = "again" }))).Status.ShouldBe(404);
    }

    [Test]
    public async Task A_change_that_is_not_rated_yet_is_said_and_asked_for_once()
    {
        await _llm.Subscribe("late", "US", "standard");
        await _llm.Take("late", "llm_tokens", 750_000);
        (await _llm.Post("/api/overages/ops/pricing", new
        {
            rule = "late-own",
            meter = "llm_tokens",
            currency = "USD",
            tenant = "late",
            model = new { model = "per-unit", price = "0.0002 USD" },
            from = "2026-03-01T00:00:00Z",
            reason = "a contract",
        })).Ok();
        await _llm.Database.Do(_llm.Database.Writer, "delete from lane_inbox");

        for (var time = 0; time < 2; time++)
        {
            var answer = (await _llm.Post(RecalculateOverages.Route, new { tenant = "late" })).Ok();
            Line(answer, "llm_tokens").GetProperty("isBehind").GetBoolean().ShouldBeTrue();
            Line(answer, "llm_tokens").GetProperty("charged").GetString().ShouldBe("25 USD");
        }

        (await _llm.Database.Ask<long>(_llm.Database.Owner, "select count(*) from lane_inbox")).ShouldBe(1);
        (await _llm.Get($"{GetUsage.Route}?tenant=late")).Ok().GetProperty("isBehind").GetBoolean()
            .ShouldBeTrue();
        await _llm.Take("late", "llm_tokens", 1); // whoever rates next, rates the change as well
        Line((await _llm.Get($"{GetOverages.Route}?tenant=late")).Ok(), "llm_tokens")
            .GetProperty("exact").GetString().ShouldBe("50.0002 USD");
    }

    private static JsonElement Line(JsonElement answer, string meter, string list = "lines") => answer
        .GetProperty(list).EnumerateArray().Single(line => line.GetProperty("meter").GetString() == meter);
}
