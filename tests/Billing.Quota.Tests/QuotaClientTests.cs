using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Billing.Testbed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Billing.Quota.Tests;

/// <summary>The client against a service that counts as the real one does, over real HTTP.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class QuotaClientTests
{
    private static readonly DateTimeOffset Reset = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly VirtualTime _time = new(new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero));
    private Counting _service = null!;

    [SetUp]
    public async Task Start() => _service = await Counting.Start(_time);

    [TearDown]
    public Task Stop() => _service.DisposeAsync().AsTask();

    [Test]
    public async Task An_answer_counts_until_it_is_old_and_units_let_through_are_taken_off_it()
    {
        _service.HardCap = 10;
        var client = Client();

        var decisions = new List<QuotaDecision>();
        for (var call = 0; call < 12; call++) decisions.Add(await Check(client));

        decisions.Count(decision => decision.IsAllowed).ShouldBe(10);
        (decisions[0].Remaining, decisions[9].Remaining, decisions[11].Reason).ShouldBe((10, 1, "hard-cap"));
        _service.Asked.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(3));
        await Check(client);
        _service.Asked.ShouldBe(2);
    }

    [Test]
    public async Task Too_many_units_are_blocked_and_fewer_go_through()
    {
        _service.HardCap = 10;
        var client = Client();

        (await Check(client, 11)).IsAllowed.ShouldBeFalse();
        (await Check(client, 12)).IsAllowed.ShouldBeFalse();
        _service.Asked.ShouldBe(1);
        (await Check(client, 10)).IsAllowed.ShouldBeTrue();
        _service.Asked.ShouldBe(2); // what was refused says nothing about fewer
        (await Check(client, 1)).IsAllowed.ShouldBeFalse();
        _service.Asked.ShouldBe(2);
    }

    [Test]
    public async Task A_use_is_taken_off_an_answer_as_long_as_it_may_be_under_way()
    {
        _service.HardCap = 10;
        var client = Client();
        for (var call = 0; call < 4; call++) await Check(client);
        _time.Advance(TimeSpan.FromSeconds(3));

        (await Check(client)).Remaining.ShouldBe(6); // none of the four is rated yet
        _service.Used = 5;
        _time.Advance(TimeSpan.FromSeconds(3));
        (await Check(client)).Remaining.ShouldBe(4); // the fifth may be under way still
        _time.Advance(TimeSpan.FromSeconds(20));
        _service.Used = 6;
        (await Check(client)).Remaining.ShouldBe(4);
    }

    [Test]
    public async Task What_was_allowed_for_few_units_is_asked_again_for_many()
    {
        _service.SpendCap = 100;
        var client = Client();

        (await Check(client, 60)).IsAllowed.ShouldBeTrue();
        (await Check(client, 101)).Reason.ShouldBe("spend-cap");
        (await Check(client, 60)).IsAllowed.ShouldBeTrue();
        _service.Asked.ShouldBe(3);
        (await Check(client, 60)).IsAllowed.ShouldBeTrue(); // the last verdict holds between two answers
        _service.Asked.ShouldBe(3);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => Check(client, -1));
    }

    [Test]
    public async Task The_oldest_answers_are_forgotten_where_there_are_too_many()
    {
        var client = Client(most: 10);
        for (var tenant = 0; tenant < 40; tenant++)
        {
            await client.Check(new(string.Create(CultureInfo.InvariantCulture, $"t{tenant}"), "calls"));
            _time.Advance(TimeSpan.FromMilliseconds(1)); // of two answers of one moment, either may be forgotten
        }

        var asked = _service.Asked;

        await client.Check(new("t39", "calls"));
        _service.Asked.ShouldBe(asked);
        await client.Check(new("t0", "calls"));
        _service.Asked.ShouldBe(asked + 1);
    }

    [Test]
    public async Task While_it_is_away_the_last_answer_counts_and_then_the_policy()
    {
        _service.HardCap = 3;
        var (open, closed) = (Client(), Client(WhenAway.Block));
        await Check(open);
        await Check(closed);
        _service.IsAway = true;
        _time.Advance(TimeSpan.FromMinutes(1));

        // Two are left by the last answer.
        foreach (var client in new[] { open, closed })
        {
            (await Check(client)).Reason.ShouldBe("none");
            (await Check(client)).IsAllowed.ShouldBeTrue();
            (await Check(client)).IsAllowed.ShouldBeFalse();
        }

        _time.Advance(TimeSpan.FromMinutes(5));
        (await Check(open)).ShouldBe(new(QuotaVerdict.Allow, "away"));
        (await Check(closed)).ShouldBe(new(QuotaVerdict.Block, "away"));
        var asked = _service.Asked;
        await Check(closed);
        _service.Asked.ShouldBe(asked); // for a moment nobody asks
        _service.IsAway = false;
        _time.Advance(TimeSpan.FromSeconds(3));
        (await Check(closed)).Reason.ShouldBe("none");
        (await Check(open)).Remaining.ShouldBe(2); // what went through without an answer counts as well
    }

    [Test]
    public async Task Whoever_does_not_answer_or_says_something_else_is_away()
    {
        using var nobody = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:1/") };
        (await Check(new(nobody, Options()))).Reason.ShouldBe("away");
        (await Check(new(_service.Http, Options() with { Token = _ => throw new HttpRequestException() })))
            .Reason.ShouldBe("away");

        _service.Says = Results.StatusCode(401);
        (await Check(Client())).Reason.ShouldBe("away");
        _service.Says = Results.Json(new { reason = "rate-limited" }, statusCode: 429);
        (await Check(Client())).Reason.ShouldBe("away");
        _service.Says = Results.Text("<html>");
        (await Check(Client())).Reason.ShouldBe("away");
        _service.Says = Results.Json(
            new { verdict = "allow", reason = "none", limit = "many", resetAt = Reset, asOf = Reset });
        (await Check(Client())).Reason.ShouldBe("away");

        _service.IsSilent = true;
        (await Check(new(_service.Http, Options() with { Patience = TimeSpan.FromMilliseconds(50) })))
            .Reason.ShouldBe("away");
    }

    [Test]
    public async Task Behind_the_reset_the_answer_of_the_old_period_is_none()
    {
        _service.HardCap = 1;
        var client = Client(WhenAway.Block);
        _time.Advance(Reset - _time.GetUtcNow() - TimeSpan.FromSeconds(1));
        await Check(client);
        (await Check(client)).Reason.ShouldBe("hard-cap");
        _service.IsAway = true;
        _time.Advance(TimeSpan.FromSeconds(1));

        (await Check(client)).Reason.ShouldBe("away");
    }

    [Test]
    public async Task Many_at_once_ask_once_and_together_pass_no_cap()
    {
        _service.HardCap = 50;
        var client = Client();

        var decisions = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Check(client)));

        decisions.Count(decision => decision.IsAllowed).ShouldBe(50);
        _service.Asked.ShouldBe(1);
    }

    [TestCase(1)]
    [TestCase(3)]
    public async Task A_cap_is_passed_by_what_other_processes_let_through_while_an_answer_is_fresh(int others)
    {
        _service.HardCap = 10;
        var clients = Enumerable.Range(0, others + 1).Select(_ => Client()).ToList();

        var through = 0;
        for (var call = 0; call < 30; call++)
            foreach (var client in clients)
                if ((await Check(client)).IsAllowed) through++;

        through.ShouldBe(10 * clients.Count); // the bound that the README states, reached
        _service.Used = through;
        _time.Advance(TimeSpan.FromSeconds(10));
        foreach (var client in clients) (await Check(client)).IsAllowed.ShouldBeFalse();
    }

    [Test]
    public async Task The_middleware_lets_through_tells_and_blocks()
    {
        _service.HardCap = 1;
        await using var shop = await Shop(null);
        using var http = new HttpClient { BaseAddress = new Uri(shop.Urls.First()) };

        using var first = await http.GetAsync(new Uri("/buy", UriKind.Relative));
        _time.Advance(TimeSpan.FromSeconds(1));
        using var second = await http.GetAsync(new Uri("/buy", UriKind.Relative));
        using var free = await http.GetAsync(new Uri("/free", UriKind.Relative));

        (first.StatusCode, free.StatusCode).ShouldBe((HttpStatusCode.OK, HttpStatusCode.OK));
        first.Headers.GetValues("RateLimit").ShouldBe(["\"calls\";r=1;t=1512000"]);
        second.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        second.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = await second.Content.ReadFromJsonAsync<JsonElement>();
        (problem.GetProperty("type").GetString(), problem.GetProperty("reason").GetString(),
            problem.GetProperty("limit").GetString(), problem.GetProperty("remaining").GetString())
            .ShouldBe((QuotaMiddleware.ProblemType, "hard-cap", "1", "0"));
        second.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1_511_999));
        second.Headers.Age.ShouldBe(TimeSpan.FromSeconds(1));
        second.Headers.GetValues("RateLimit-Policy").ShouldBe(["\"calls\";q=1"]);
        free.Headers.Contains("RateLimit").ShouldBeFalse();
    }

    private QuotaClient Client(WhenAway whenAway = WhenAway.Allow, int most = 100) =>
        new(_service.Http, Options() with { WhenAway = whenAway, MostAnswers = most });

    private QuotaOptions Options() => new()
    {
        Token = _ => new("token"),
        Time = _time,
        Patience = TimeSpan.FromMinutes(1),
    };

    private static Task<QuotaDecision> Check(QuotaClient client, decimal units = 1) =>
        client.Check(new("acme", "calls", units), default).AsTask();

    private async Task<WebApplication> Shop(QuotaClient? client)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddQuota(_service.Http.BaseAddress!, Options());
        var app = builder.Build();
        app.UseQuota(context => context.Request.Path == "/buy" ? new("acme", "calls") : null, client);
        app.MapGet("/buy", () => "bought");
        app.MapGet("/free", () => "free");
        await app.StartAsync();
        return app;
    }

    /// <summary>Speaks as Pricing does.</summary>
    private sealed class Counting : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private WebApplication _app = null!;
        private int _asked;

        public HttpClient Http { get; private set; } = null!;

        public decimal HardCap { get; set; } = 1_000_000;

        public decimal SpendCap { get; set; } = 1_000_000;

        /// <summary>Null: what it counts.</summary>
        public IResult? Says { get; set; }

        public bool IsSilent { get; set; }

        public decimal Used { get; set; }

        public bool IsAway { get; set; }

        public int Asked => _asked;

        public static async Task<Counting> Start(TimeProvider time)
        {
            var service = new Counting();
            var builder = WebApplication.CreateBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            service._app = builder.Build();
            service._app.MapGet("/api/v1/quota/{tenant}/calls", (decimal units) => service.Answer(units, time));
            await service._app.StartAsync();
            service.Http = new() { BaseAddress = new Uri(service._app.Urls.First()) };
            return service;
        }

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            _stopping.Dispose();
            Http.Dispose();
            await _app.DisposeAsync();
        }

        private async Task<IResult> Answer(decimal units, TimeProvider time)
        {
            Interlocked.Increment(ref _asked);
            if (IsSilent) await Task.Delay(Timeout.Infinite, _stopping.Token);
            if (IsAway) return Results.StatusCode(503);
            if (Says is { } says) return says;

            var isBlocked = Used + units > HardCap || Used + units > SpendCap;
            var answer = new
            {
                verdict = isBlocked ? null : "allow",
                reason = !isBlocked ? "none" : Used + units > HardCap ? "hard-cap" : "spend-cap",
                limit = HardCap.ToString(CultureInfo.InvariantCulture),
                isHard = true,
                hardRemaining = Math.Max(0, HardCap - Used).ToString(CultureInfo.InvariantCulture),
                remaining = Math.Max(0, HardCap - Used).ToString(CultureInfo.InvariantCulture),
                resetAt = Reset,
                asOf = time.GetUtcNow(),
            };
            return Results.Json(answer, statusCode: isBlocked ? 429 : 200);
        }
    }
}
