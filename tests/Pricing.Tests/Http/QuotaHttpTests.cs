using Billing.Pricing.Overage;
using static System.FormattableString;

namespace Billing.Pricing.Tests.Http;

/// <summary>Limits, and whether units may be used now.</summary>
[Category("http")]
public sealed class QuotaHttpTests
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
    public async Task Without_a_limit_all_is_allowed_and_no_header_says_otherwise()
    {
        await _service.Subscribe("free", "US", "free");

        var answer = await Check("free", "llm_tokens", "1000000000");

        answer.Ok().GetProperty("verdict").GetString().ShouldBe("allow");
        answer.Headers.ContainsKey("RateLimit").ShouldBeFalse();
        answer.Headers["Age"].ShouldBe("0");
    }

    [Test]
    public async Task A_hard_cap_warns_before_it_blocks_and_the_headers_count_down()
    {
        await _service.Subscribe("hard", "US", "standard");
        await Limit(new { meter = "llm_tokens", tenant = "hard", hardCap = "1000", reason = "trial" });
        await _service.Take("hard", "llm_tokens", 700);

        var allowed = await Check("hard", "llm_tokens", "99");
        allowed.Ok().GetProperty("verdict").GetString().ShouldBe("allow");
        // March has 31 days.
        var left = (long)(new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero) - _service.Time.GetUtcNow())
            .TotalSeconds;
        allowed.Headers["RateLimit-Policy"].ShouldBe("\"llm_tokens\";q=1000;w=2678400");
        allowed.Headers["RateLimit"].ShouldBe(Invariant($"\"llm_tokens\";r=300;t={left}"));
        (await Check("hard", "llm_tokens", "100")).Ok().GetProperty("reason").GetString()
            .ShouldBe("hard-cap");
        (await Check("hard", "llm_tokens", "300")).Ok().GetProperty("verdict").GetString().ShouldBe("warn");

        var blocked = await Check("hard", "llm_tokens", "300.5");
        (blocked.Status, blocked.Problem(), blocked.Headers["Retry-After"])
            .ShouldBe((429, "quota-exceeded", Invariant($"{left}")));
        (blocked.Json.GetProperty("reason").GetString(), blocked.Json.GetProperty("remaining").GetString())
            .ShouldBe(("hard-cap", "300"));

        // It reserved nothing, and what is rated counts from the next question on.
        await _service.Take("hard", "llm_tokens", 300);
        (await Check("hard", "llm_tokens", "0.1")).Status.ShouldBe(429);
        (await Check("hard", "llm_tokens", "0")).Status.ShouldBe(200);
    }

    [Test]
    public async Task A_soft_cap_may_be_passed_for_its_grace()
    {
        await _service.Subscribe("soft", "US", "standard");
        await Limit(new
        {
            meter = "playbook_runs",
            tenant = "soft",
            softCap = "2",
            graceSeconds = 3600,
            reason = "fair use",
        });
        for (var run = 0; run < 3; run++) await _service.Take("soft", "playbook_runs", 1);

        (await Check("soft", "playbook_runs")).Ok().GetProperty("reason").GetString()
            .ShouldBe("soft-cap-in-grace");
        _service.Time.Advance(TimeSpan.FromMinutes(59));
        (await Check("soft", "playbook_runs")).Status.ShouldBe(200);
        _service.Time.Advance(TimeSpan.FromMinutes(1));
        var blocked = await Check("soft", "playbook_runs");
        (blocked.Status, blocked.Json.GetProperty("reason").GetString())
            .ShouldBe((429, "soft-cap-after-grace"));
        (await _service.Get($"{CheckQuota.Route}/soft/playbook_runs", "tenant", "soft")).Status.ShouldBe(429);
    }

    [Test]
    public async Task A_spend_cap_blocks_what_would_cost_more()
    {
        await _service.Subscribe("spend", "US", "standard");
        await Limit(new { meter = "llm_tokens", tenant = "spend", spendCap = "25 USD", reason = "budget" });
        await _service.Take("spend", "llm_tokens", 749_000);

        (await Check("spend", "llm_tokens", "1000")).Ok().GetProperty("reason").GetString()
            .ShouldBe("spend-cap");
        (await Check("spend", "llm_tokens", "1001")).Json.GetProperty("reason").GetString()
            .ShouldBe("spend-cap");
    }

    [Test]
    public async Task The_most_specific_limit_counts_and_one_without_caps_lifts_it()
    {
        await _service.Subscribe("special", "US", "enterprise");
        await Limit(new { meter = "storage_gb", hardCap = "10", reason = "all" });
        (await Check("special", "storage_gb", "11")).Status.ShouldBe(429);
        await Limit(new { meter = "storage_gb", plan = "enterprise", hardCap = "20", reason = "plan" });
        (await Check("special", "storage_gb", "11")).Status.ShouldBe(200);
        (await Check("special", "storage_gb", "21")).Status.ShouldBe(429);
        await Limit(new { meter = "storage_gb", tenant = "special", reason = "a contract" });
        (await Check("special", "storage_gb", "21")).Status.ShouldBe(200);

        (await _service.Names($"{ManageQuotas.Route}?meter=storage_gb", "hardCap")).ShouldBe("10 20 ");
        (await _service.Names("/api/v1/catalog/history?kind=quota-limit-set&tenant=special", "reason"))
            .ShouldBe("a contract");
    }

    [Test]
    public async Task A_limit_is_refused_with_all_that_is_wrong()
    {
        (await _service.Post(ManageQuotas.Route, new
        {
            meter = "nothing",
            tenant = "nobody",
            plan = "standard",
            hardCap = "1",
            softCap = "2",
            graceSeconds = -1,
            warnAtPercent = 0,
            reason = "r",
        })).Problem().ShouldBe(
            "unprocessable unknown-meter:meter unknown-tenant:tenant tenant-or-plan:plan "
            + "soft-above-hard:softCap grace:graceSeconds warn-at:warnAtPercent");
        (await _service.Post(ManageQuotas.Route, new { meter = "seats", reason = "r" }, "finance"))
            .Status.ShouldBe(403);
    }

    [Test]
    public async Task Producers_and_staff_ask_for_all_a_tenant_for_itself()
    {
        await _service.Subscribe("own", "US", "standard");
        await Limit(new { meter = "seats", tenant = "own", hardCap = "5", reason = "r" });

        foreach (var role in new[] { "producer", "ops", "finance" })
            (await _service.Get($"{CheckQuota.Route}/own/seats?units=6", role)).Status.ShouldBe(429);
        (await _service.Get($"{CheckQuota.Route}/own/seats?units=6", "tenant", "own")).Status.ShouldBe(429);
        (await _service.Get($"{CheckQuota.Route}/own/seats", "tenant", "own")).Status.ShouldBe(200);
        (await _service.Get($"{CheckQuota.Route}/own/seats", "tenant", "other")).Status.ShouldBe(404);
        (await Check("nobody", "seats")).Status.ShouldBe(404);
        (await Check("own", "nothing")).Status.ShouldBe(404);
        (await Check("own", "seats", "-1")).Status.ShouldBe(400);
        (await Check("own", "seats", "many")).Status.ShouldBe(400);
    }

    [Test]
    public async Task What_is_used_between_two_answers_is_the_most_that_a_cap_is_passed_by()
    {
        await _service.Subscribe("rush", "US", "standard");
        await Limit(new { meter = "api_calls", tenant = "rush", hardCap = "10", reason = "r" });

        // Each asks, is let through, uses; ratings come in with three others under way.
        const int UnderWay = 3;
        var (waiting, used) = (0, 0);
        for (var call = 0; call < 30; call++)
        {
            if ((await Check("rush", "api_calls")).Status != 200) break;

            (waiting, used) = (waiting + 1, used + 1);
            if (waiting <= UnderWay) continue;

            await _service.Take("rush", "api_calls", 1);
            waiting--;
        }

        used.ShouldBe(10 + UnderWay);
    }

    private Task<Answer> Check(string tenant, string meter, string? units = null) => _service.Get(
        $"{CheckQuota.Route}/{tenant}/{meter}{(units is null ? "" : "?units=" + units)}", "producer");

    private async Task Limit(object limit) => (await _service.Post(ManageQuotas.Route, limit)).Ok();
}
