using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Billing.ServiceDefaults.Tests;

public class AuthorizationTests
{
    private TestService _service = null!;

    [OneTimeSetUp]
    public async Task Run() => _service = await TestService.Run(app =>
    {
        foreach (var policy in Policies.All.Keys)
            app.MapGet($"/for/{policy}", () => policy).RequireAuthorization(policy);
        app.MapGet("/for/nobody-in-particular", () => "anybody who is known");
        app.MapGet("/caller", (HttpContext context) => Caller.Of(context.User));
    }, settings: [("RateLimits:Interactive:Permits", "100000"), ("RateLimits:Anonymous:Permits", "100000")]);

    [OneTimeTearDown]
    public async Task Stop() => await _service.DisposeAsync();

    /// <summary>Written out on purpose: whoever changes who may do what changes this table.</summary>
    [TestCase(Roles.Producer, Policies.Producer)]
    [TestCase(Roles.Tenant, Policies.Tenant)]
    [TestCase(Roles.Finance, Policies.Tenant, Policies.Finance)]
    [TestCase(Roles.Ops, Policies.Tenant, Policies.Finance, Policies.Ops)]
    [TestCase(
        Roles.Admin, Policies.Producer, Policies.Tenant, Policies.Finance, Policies.Ops, Policies.Admin)]
    public async Task each_role_may_do_exactly_this(string role, params string[] allowed)
    {
        foreach (var policy in Policies.All.Keys)
            (await _service.Get($"/for/{policy}", TestService.TokenOf(role))).StatusCode.ShouldBe(
                allowed.Contains(policy) ? HttpStatusCode.OK
                    : HttpStatusCode.Forbidden, $"{role} for {policy}");
    }

    [Test]
    public async Task an_endpoint_that_says_nothing_is_closed_to_strangers()
    {
        (await _service.Get("/for/nobody-in-particular")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _service.Get("/for/nobody-in-particular", TestService.TokenOf(Roles.Producer))).StatusCode
            .ShouldBe(HttpStatusCode.OK);
    }

    private static IEnumerable<TestCaseData> Ambiguous()
    {
        static TestCaseData Case(string name, params (string, object?)[] claims) =>
            new TestCaseData(TestService.Token(claims)).SetArgDisplayNames(name);

        yield return Case("no role");
        yield return Case("an unknown role", ("role", "root"));
        yield return Case("a role in other letters", ("role", "Admin"));
        yield return Case("two roles", ("role", new[] { "tenant", "admin" }), ("tenant", "acme"));
        yield return Case("the role tenant without a tenant", ("role", "tenant"));
        yield return Case("the role tenant with an empty tenant", ("role", "tenant"), ("tenant", ""));
        yield return Case(
            "the role tenant with two tenants", ("role", "tenant"), ("tenant", new[] { "acme", "other" }));
        yield return Case("another role with a tenant", ("role", "finance"), ("tenant", "acme"));
        yield return Case("no subject", ("role", "admin"), ("sub", null));
    }

    [TestCaseSource(nameof(Ambiguous))]
    public async Task a_token_that_does_not_say_one_thing_says_nothing(string token)
    {
        (await _service.Get("/caller", token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await _service.Get("/for/tenant", token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task the_caller_is_who_the_token_says()
    {
        var answer = await _service.Get("/caller", TestService.TokenOf(Roles.Tenant, "ann"));

        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            """{"subject":"ann","role":"tenant","tenant":"acme","apiKey":null,"isStaff":false}""");
    }

    [TestCase(-31, HttpStatusCode.Unauthorized)]
    [TestCase(-30, HttpStatusCode.Unauthorized)]
    [TestCase(-29, HttpStatusCode.OK)]
    [TestCase(1, HttpStatusCode.OK)]
    public async Task a_token_ends_by_our_clock_give_or_take_half_a_minute(
        int endsInSeconds, HttpStatusCode expected)
    {
        var token = TestService.Token(
            ("role", "ops"), ("exp", TestService.Start.AddSeconds(endsInSeconds).ToUnixTimeSeconds()));

        (await _service.Get("/caller", token)).StatusCode.ShouldBe(expected);
    }

    [TestCase("iss", "https://else.test")]
    [TestCase("aud", "shop")]
    [TestCase("exp", null)]
    public async Task a_token_for_somebody_else_is_refused(string claim, object? value) =>
        (await _service.Get("/caller", TestService.Token(("role", "ops"), (claim, value)))).StatusCode
            .ShouldBe(HttpStatusCode.Unauthorized);
}
