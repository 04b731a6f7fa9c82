using System.Net;
using Microsoft.AspNetCore.Builder;

namespace Billing.ServiceDefaults.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class RateLimitsTests
{
    [Test]
    public async Task a_person_has_100_requests_in_15_minutes()
    {
        await using var service = await Run();
        var token = TestService.TokenOf(Roles.Finance);

        for (var i = 99; i >= 0; i--)
        {
            var answer = await service.Get("/", token);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            Header(answer, "RateLimit").ShouldBe($"\"interactive\";r={i};t=900");
        }

        var refused = await service.Get("/", token);
        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        Header(refused, "Retry-After").ShouldBe("900");
        Header(refused, "RateLimit-Policy").ShouldBe("\"interactive\";q=100;w=900");
        (await TestService.Json(refused)).GetProperty("type").GetString()
            .ShouldBe(ProblemTypes.RateLimited.Urn);

        service.Time.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(1));
        (await service.Get("/", token)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        service.Time.Advance(TimeSpan.FromSeconds(1));
        (await service.Get("/", token)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task one_caller_does_not_use_up_anothers()
    {
        await using var service = await Run(("RateLimits:Interactive:Permits", "1"));
        (await service.Get("/", TestService.TokenOf(Roles.Ops, "ann")))
            .StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Get("/", TestService.TokenOf(Roles.Ops, "ann")))
            .StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        (await service.Get("/", TestService.TokenOf(Roles.Ops, "bob")))
            .StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Get("/", TestService.TokenOf(Roles.Tenant, "ann")))
            .StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Get("/", TestService.TokenOf(Roles.Producer, "ann")))
            .StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task producers_may_send_much_more()
    {
        await using var service = await Run();

        Header(await service.Get("/", TestService.TokenOf(Roles.Producer)), "RateLimit")
            .ShouldBe("\"producer\";r=59999;t=60");
    }

    [Test]
    public async Task who_does_not_say_who_it_is_is_counted_by_address_even_with_ever_new_wrong_tokens()
    {
        await using var service = await Run(("RateLimits:Anonymous:Permits", "3"));
        for (var i = 0; i < 3; i++)
            (await service.Get("/", $"wrong.token.{i}")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        (await service.Get("/", "wrong.token.3")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await service.Get("/")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Test]
    public async Task probes_and_public_facts_are_not_counted()
    {
        await using var service = await Run(("RateLimits:Anonymous:Permits", "1"));

        foreach (
            var path in new[] { Health.LiveRoute, Health.ReadyRoute, Meta.FeaturesRoute, "/openapi/v1.json" })
            for (var i = 0; i < 3; i++)
                (await service.Get(path)).StatusCode.ShouldBe(HttpStatusCode.OK, path);
    }

    private static Task<TestService> Run(params (string, string?)[] settings) =>
        TestService.Run(app => app.MapGet("/", () => "here"), settings: settings);

    private static string Header(HttpResponseMessage answer, string name) =>
        string.Join('|', answer.Headers.GetValues(name));
}
