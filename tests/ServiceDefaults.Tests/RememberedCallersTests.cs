using System.Net;
using System.Security.Claims;
using Billing.Testbed;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults.Tests;

public class RememberedCallersTests
{
    private static readonly DateTimeOffset Now = TestService.Start;

    private readonly VirtualTime _time = new(Now);

    [Test]
    public async Task a_token_is_verified_once_and_known_until_it_ends()
    {
        await using var service = await Service();
        var remembered = service.Services.GetRequiredService<RememberedCallers>();
        var token = TestService.Token(("role", "ops"), ("exp", Now.AddSeconds(20).ToUnixTimeSeconds()));

        (await service.Get("/caller", token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Get("/caller", token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        remembered.Count.ShouldBe(1);
        remembered.Find(Request($"Bearer {token}"))!.Principal.FindFirst("role")!.Value.ShouldBe("ops");

        service.Time.Advance(TimeSpan.FromSeconds(20));
        remembered.Find(Request($"Bearer {token}")).ShouldBeNull();
        service.Time.Advance(TimeSpan.FromSeconds(31));
        (await service.Get("/caller", token)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task what_is_refused_is_never_remembered_nor_does_it_borrow_from_what_is()
    {
        await using var service = await Service();
        var remembered = service.Services.GetRequiredService<RememberedCallers>();
        var good = TestService.TokenOf(Roles.Ops);
        // The first character of the signature: the last one has bits that say nothing.
        var signature = good.LastIndexOf('.') + 1;
        var forged = good[..signature] + (good[signature] == 'A' ? 'B' : 'A') + good[(signature + 1)..];

        for (var attempt = 0; attempt < 3; attempt++)
        {
            (await service.Get("/caller", forged)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            remembered.Find(Request($"Bearer {forged}")).ShouldBeNull();
            (await service.Get("/caller", good)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        remembered.Count.ShouldBe(1);
    }

    [Test]
    public async Task two_tokens_are_two_callers()
    {
        await using var service = await Service();
        for (var round = 0; round < 2; round++)
            foreach (var subject in new[] { "ann", "bob" })
            {
                var answer = await service.Get("/caller", TestService.TokenOf(Roles.Ops, subject));
                (await TestService.Json(answer)).GetProperty("subject").GetString().ShouldBe(subject);
            }
    }

    [Test]
    public void nobody_is_remembered_longer_than_a_minute_nor_longer_than_the_ticket_says()
    {
        var callers = new RememberedCallers(_time);
        callers.Keep(Request("Bearer long"), Ticket(Now.AddHours(1)));
        callers.Keep(Request("Bearer short"), Ticket(Now.AddSeconds(5)));
        callers.Keep(Request("Bearer over"), Ticket(Now));
        callers.Keep(Request("Bearer endless"), Ticket(null));

        callers.Find(Request("Bearer long")).ShouldNotBeNull();
        callers.Find(Request("Bearer short")).ShouldNotBeNull();
        callers.Find(Request("Bearer over")).ShouldBeNull();
        callers.Find(Request("Bearer endless")).ShouldBeNull();

        _time.Advance(TimeSpan.FromSeconds(5));
        callers.Find(Request("Bearer short")).ShouldBeNull();
        callers.Find(Request("Bearer long")).ShouldNotBeNull();

        _time.Advance(RememberedCallers.Longest);
        callers.Find(Request("Bearer long")).ShouldBeNull();
    }

    [Test]
    public void only_the_same_words_in_the_same_header_are_the_same_caller()
    {
        var callers = new RememberedCallers(_time);
        callers.Keep(Request("ApiKey one"), Ticket(Now.AddHours(1)));

        callers.Find(Request("ApiKey one")).ShouldNotBeNull();
        callers.Find(Request("ApiKey One")).ShouldBeNull();
        callers.Find(Request("ApiKey one", "ApiKey one")).ShouldBeNull();
        var other = new DefaultHttpContext().Request;
        other.Headers["X-Api-Key"] = "ApiKey one";
        callers.Find(other).ShouldBeNull();
        callers.Find(new DefaultHttpContext().Request).ShouldBeNull();
    }

    [Test]
    public void however_many_come_the_memory_stays_bounded()
    {
        var callers = new RememberedCallers(_time);
        var ticket = Ticket(Now.AddHours(1));
        for (var caller = 0; caller < RememberedCallers.Most + 500; caller++)
            callers.Keep(Request($"Bearer {caller}"), ticket);

        callers.Count.ShouldBeLessThanOrEqualTo(RememberedCallers.Most);
        callers.Find(Request($"Bearer {RememberedCallers.Most + 499}")).ShouldNotBeNull();
    }

    [Test]
    public void when_somebody_is_locked_out_nobody_is_known_any_more()
    {
        var callers = new RememberedCallers(_time);
        callers.Keep(Request("ApiKey one"), Ticket(Now.AddHours(1)));

        callers.Forget();

        callers.Find(Request("ApiKey one")).ShouldBeNull();
    }

    private static Task<TestService> Service() => TestService.Run(
        app => app.MapGet("/caller", (HttpContext context) => Caller.Of(context.User)));

    private static HttpRequest Request(params string[] authorization)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Authorization = authorization;
        return request;
    }

    private static AuthenticationTicket Ticket(DateTimeOffset? expires) => new(
        new ClaimsPrincipal(new ClaimsIdentity([new("sub", "somebody")], "test")),
        new() { ExpiresUtc = expires }, "test");
}
