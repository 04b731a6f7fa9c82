using System.Net;
using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.ServiceDefaults.Tests.UsagePath.Reading;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Tests.UsagePath.Parking;

[Parallelizable(ParallelScope.Self)]
public class ParkedHttpTests
{
    private TestDatabase _database = null!;
    private PathBroker _broker = null!;
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    [OneTimeSetUp]
    public async Task Make()
    {
        (_database, _broker) = (await Books.Create(), await PathBroker.Start(BrokerKind.Embedded));
        var builder =
            WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddConfiguration(_database.Configuration);
        builder.Configuration.AddInMemoryCollection(
            TestService.Settings().Append(($"ConnectionStrings:{Resources.Kafka}", _broker.Address))
                // Who waits for something asks often.
                .Append(("RateLimits:Interactive:Permits", "100000"))
                .ToDictionary(pair => pair.Item1, pair => pair.Item2));
        builder.AddServiceDefaults(_database.Service, typeof(PathHost.Program).Assembly);
        builder.AddUsagePath(path => path.Read<BookKeeper>().Publish(Topics.Ratings));
        _app = builder.Build();
        _app.UseServiceDefaults();
        await _app.StartAsync();
        _client = new() { BaseAddress = new Uri(_app.Urls.First()) };

        using var publisher = new Publisher(_broker.Address);
        publisher.Fact(0, 1, key: "list", what: "fail");
        for (var number = 2; number <= 4; number++) publisher.Fact(0, number, key: "list");
        publisher.Fact(1, 1, key: "show", what: "fail");
        publisher.Fact(1, 2, body: [0xff, 0xfe]);
        publisher.Fact(2, 1, key: "again", what: "fail");
        publisher.Fact(2, 2, key: "again");
        publisher.Fact(2, 3, key: "alone", what: "fail");
        publisher.Fact(8, 1);
        publisher.Flush();
        await Eventually.Is(async () => (await _database.Parked()).Count == 9);
    }

    [OneTimeTearDown]
    public async Task Remove()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    [TestCase("GET", "/api/v1/parked")]
    [TestCase("GET", "/api/v1/parked/1")]
    [TestCase("POST", "/api/v1/parked/1/redrive")]
    [TestCase("GET", "/api/v1/path/lanes")]
    public async Task it_is_for_operations_only(string method, string path)
    {
        (await Ask(path, null, method)).Code.ShouldBe(HttpStatusCode.Unauthorized);
        foreach (var role in (string[])[Roles.Tenant, Roles.Finance, Roles.Producer])
            (await Ask(path, role, method)).Code.ShouldBe(HttpStatusCode.Forbidden, role);
    }

    [Test]
    public async Task the_list_goes_by_pages_and_filters()
    {
        var first = (await Ask("/api/v1/parked?key=list&limit=3")).Body;
        first.GetProperty("items").GetArrayLength().ShouldBe(3);
        var cursor = first.GetProperty("nextCursor").GetString();
        (await Ask($"/api/v1/parked?key=list&limit=3&cursor={cursor}")).Body
            .GetProperty("items").GetArrayLength().ShouldBe(1);

        (await Numbers("key=list")).ShouldBe([1, 2, 3, 4]);
        (await Numbers($"key=list&reason=BEHIND&topic={Reader.Topic}")).ShouldBe([2, 3, 4]);
        (await Numbers("topic=another")).ShouldBeEmpty();
        (await Ask("/api/v1/parked?limit=0")).Code.ShouldBe(HttpStatusCode.BadRequest);

        async Task<long[]> Numbers(string query) =>
            [.. (await Ask($"/api/v1/parked?{query}")).Body.GetProperty("items").EnumerateArray()
                .Select(item => item.GetProperty("number").GetInt64())];
    }

    [Test]
    public async Task one_is_shown_with_its_body_and_headers()
    {
        var shown = (await _database.Parked()).Where(one => one.Lane == 1).ToList();

        var text = (await Ask($"/api/v1/parked/{shown[0].Id}")).Body;
        text.GetProperty("text").GetString().ShouldBe("""{"key":"show","do":"fail"}""");
        text.GetProperty("parked").GetProperty("reason").GetString()
            .ShouldBe("InvalidOperationException: It cannot be done.");
        text.GetProperty("headers").EnumerateArray().ShouldContain(header =>
            header.GetProperty("name").GetString() == FactHeaders.Number
            && header.GetProperty("text").GetString() == "1");
        var bytes = (await Ask($"/api/v1/parked/{shown[1].Id}")).Body;
        bytes.GetProperty("base64").GetString().ShouldBe(Convert.ToBase64String([0xff, 0xfe]));
        (await Ask("/api/v1/parked/999999")).Code.ShouldBe(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task redriving_the_second_of_a_key_tries_the_first_before_it()
    {
        ((BookKeeper)_app.Services.GetService(typeof(BookKeeper))!).IsRepaired = true;
        var second = (await _database.Parked()).Single(one => one is { Lane: 2, Number: 2 });

        var answer = await Ask($"/api/v1/parked/{second.Id}/redrive", Roles.Ops, "POST");

        answer.Code.ShouldBe(HttpStatusCode.Accepted);
        answer.Body.GetProperty("asked").GetInt32().ShouldBe(2);
        await Eventually.Is(async () => (await _database.Numbers()).GetValueOrDefault(2)?.Count == 2);
        (await _database.Numbers())[2].ShouldBe([1, 2]);

        (await Ask("/api/v1/parked/redrive", Roles.Ops, "POST",
            $$"""{"topic":"{{Reader.Topic}}","key":"alone"}"""))
            .Body.GetProperty("asked").GetInt32().ShouldBe(1);
        await Eventually.Is(async () => (await _database.Parked()).All(one => one.Lane != 2));
        (await Ask("/api/v1/parked/999999/redrive", Roles.Ops, "POST")).Code.ShouldBe(
            HttpStatusCode.NotFound);
        (await Ask("/api/v1/parked/redrive", Roles.Ops, "POST", """{"topic":" "}"""))
            .Code.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task a_stopped_lane_is_seen_over_http_and_in_health()
    {
        using (var publisher = new Publisher(_broker.Address))
            publisher.Fact(8, 2, previous: Publisher.IdOf(8, 77));

        await Eventually.Is(async () =>
            (await Ask("/api/v1/path/lanes?stopped=true")).Body.GetProperty("items").GetArrayLength() == 1);
        var lanes =
            (await Ask($"/api/v1/path/lanes?limit=100&topic={Reader.Topic}")).Body.GetProperty("items");
        lanes.GetArrayLength().ShouldBe(64);
        var lane = lanes.EnumerateArray().Single(item => item.GetProperty("lane").GetInt32() == 8);
        lane.GetProperty("lastNumber").GetInt64().ShouldBe(1);
        lane.GetProperty("stoppedBecause").GetString().ShouldNotBeNull().ShouldStartWith(
            "Fact 2 follows fact");
        await Eventually.Is(async () =>
        {
            var ready = await _client.GetAsync(Health.ReadyRoute);
            var check = (await TestService.Json(ready)).GetProperty("checks").GetProperty("usage-path");
            return check.GetProperty("status").GetString() == "degraded"
                && check.GetProperty("description").GetString(
                    ) == $"Lanes are stopped: 1 of {Reader.Topic}, lane 8 first.";
        });
    }

    private async Task<(HttpStatusCode Code, JsonElement Body)> Ask(
        string path, string? role = Roles.Ops, string method = "GET", string? body = null)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (role is not null)
            request.Headers.Authorization = new("Bearer", TestService.Token(
                ("role", role), ("tenant", role == Roles.Tenant ? "acme" : null),
                ("exp", DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds())));
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length > 0 ? JsonElement.Parse(text) : default);
    }
}
