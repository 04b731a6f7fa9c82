using Billing.Pricing.Overage;
using Billing.Quota;
using QuotaVerdict = Billing.Quota.QuotaVerdict;

namespace Billing.Pricing.Tests.Http;

/// <summary>
/// By how much a cap is passed: many consumers at once ask the real service over HTTP, by way of the package,
/// use what they may, and are rated some seconds later.
/// </summary>
[Category("http")]
public sealed class QuotaOvershootTests
{
    private const int Consumers = 8, LagInSeconds = 3;

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
    public async Task One_process_passes_no_hard_cap_and_uses_it_up()
    {
        var (used, _) = await Rush("one", processes: 1, new { hardCap = "100" });

        used.ShouldBe(100);
    }

    [Test]
    public async Task Several_pass_it_by_what_the_others_let_through_until_it_is_seen()
    {
        const int Processes = 3;

        var (used, mostInWindow) = await Rush("three", Processes, new { hardCap = "100" });

        used.ShouldBeGreaterThan(100); // else there would be nothing to bound
        used.ShouldBeLessThanOrEqualTo(100 + (Processes - 1) * mostInWindow);
        TestContext.Out.WriteLine($"a cap of 100 was passed by {used - 100}, the bound is "
            + $"{(Processes - 1) * mostInWindow}");
    }

    [Test]
    public async Task A_spend_cap_is_passed_by_what_goes_through_until_it_is_seen()
    {
        // A run costs 1 USD beyond the 50 that are included.
        var (used, mostInWindow) = await Rush("spend", processes: 2, new { spendCap = "50 USD" });

        used.ShouldBeGreaterThan(100);
        used.ShouldBeLessThanOrEqualTo(100 + 2 * mostInWindow);
    }

    [Test]
    public async Task Who_asks_for_each_use_passes_a_cap_by_what_is_under_way()
    {
        await Begin("direct", new { hardCap = "100" });
        var (used, underWay) = (0, 0);
        for (var round = 0; round < 20; round++)
        {
            // All ask before any of them is rated.
            var answers = await Task.WhenAll(Enumerable.Range(0, Consumers).Select(_ =>
                _service.Get($"{CheckQuota.Route}/direct/playbook_runs", "producer")));
            underWay = answers.Count(answer => answer.Status == 200);
            used += underWay;
            if (underWay > 0) await _service.Take("direct", "playbook_runs", underWay);
        }

        used.ShouldBeInRange(100, 100 + Consumers - 1);
    }

    [Test]
    public async Task The_package_says_what_the_service_says()
    {
        await Begin("same", new { hardCap = "10", softCap = "4", graceSeconds = 60 });
        var client = Client();

        (await client.Check(new("same", "playbook_runs", 3))).Verdict.ShouldBe(QuotaVerdict.Allow);
        await _service.Take("same", "playbook_runs", 3);
        await Later(10);
        var warned = await client.Check(new("same", "playbook_runs", 2));
        (warned.Reason, warned.Limit, warned.Remaining).ShouldBe(("soft-cap-in-grace", 4, 1));
        await _service.Take("same", "playbook_runs", 2);
        await Later(10);
        await client.Check(new("same", "playbook_runs", 0)); // sees that the soft cap is passed
        await Later(61);
        var blocked = await client.Check(new("same", "playbook_runs", 1));
        (blocked.IsAllowed, blocked.Reason).ShouldBe((false, "soft-cap-after-grace"));
        (await client.Check(new("same", "nothing"))).Reason.ShouldBe("away");
    }

    /// <summary>Every second each consumer of each process wants four times one run.</summary>
    /// <returns>What was used, and the most that one process let through while an answer was fresh and
    /// until a use was rated.</returns>
    private async Task<(int Used, int MostInWindow)> Rush(string tenant, int processes, object caps)
    {
        await Begin(tenant, caps);
        var clients = Enumerable.Range(0, processes).Select(_ => Client()).ToList();
        var through = clients.Select(_ => new List<int>()).ToList();
        for (var second = 0; second < 25; second++)
        {
            for (var process = 0; process < processes; process++)
                through[process].Add(await Wanted(clients[process], tenant));
            if (second >= LagInSeconds && through.Sum(one => one[second - LagInSeconds]) is > 0 and var rated)
                await _service.Take(tenant, "playbook_runs", rated);
            await Later(1);
        }

        // Fresh (2 s), the lag, and the second that is under way.
        const int Window = 2 + LagInSeconds + 1;
        return (
            through.Sum(one => one.Sum()),
            through.Max(one => Enumerable.Range(0, one.Count).Max(at => one.Skip(at).Take(Window).Sum())));
    }

    private static async Task<int> Wanted(QuotaClient client, string tenant)
    {
        var let = await Task.WhenAll(Enumerable.Range(0, Consumers).Select(_ => Task.Run(async () =>
        {
            var through = 0;
            for (var use = 0; use < 4; use++)
                if ((await client.Check(new(tenant, "playbook_runs"))).IsAllowed) through++;
            return through;
        })));
        return let.Sum();
    }

    private QuotaClient Client() => new(_service.Client, new()
    {
        Token = _ => new(_service.Token("producer")),
        Time = _service.Time,
        Patience = TimeSpan.FromMinutes(1),
        WhenAway = WhenAway.Block,
    });

    private async Task Begin(string tenant, object caps)
    {
        await _service.Subscribe(tenant, "US", "standard");
        var limit = System.Text.Json.JsonSerializer.SerializeToNode(caps)!.AsObject();
        (limit["meter"], limit["tenant"], limit["reason"]) = ("playbook_runs", tenant, "a test");
        (await _service.Post(ManageQuotas.Route, limit)).Ok();
    }

    private Task Later(int seconds)
    {
        _service.Time.Advance(TimeSpan.FromSeconds(seconds));
        return Task.CompletedTask;
    }
}
