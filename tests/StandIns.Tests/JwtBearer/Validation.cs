using System.Net;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

namespace Billing.StandIns.Tests.JwtBearer;

/// <summary>What a well-signed token can still get wrong, and what the caller is told.</summary>
public class Validation
{
    private static readonly byte[] Secret = new byte[32];
    private static readonly Func<byte[], byte[]> Sign = Tokens.With(Secret, "HS256");
    private static readonly long Now = Tokens.Now.ToUnixTimeSeconds();

    private static IEnumerable<TestCaseData> Wrong()
    {
        static TestCaseData Case(string name, string? says, params (string, object?)[] changes) =>
            new TestCaseData(Tokens.Claims(changes), says).SetName(name);

        yield return Case("another audience", "The audience 'shop' is invalid", ("aud", "shop"));
        yield return Case("no audience", "The audience '(null)' is invalid", ("aud", null));
        yield return Case("several other audiences", "The audience 'shop, depot' is invalid", ("aud", new[] { "shop", "depot" }));
        yield return Case("another issuer", "The issuer 'https://else.test' is invalid", ("iss", "https://else.test"));
        yield return Case("an issuer that begins like ours", "The issuer 'https://issuer.test.evil' is invalid", ("iss", "https://issuer.test.evil"));
        yield return Case("no issuer", "The issuer '' is invalid", ("iss", null));
        yield return Case("no end", "The token has no expiration", ("exp", null));
        yield return Case("over", "The token expired at '03/14/2026 11:54:59'", ("exp", Now - 301));
        yield return Case("not yet", "The token is not valid before '03/14/2026 12:05:01'", ("nbf", Now + 301));
        yield return Case("an end before the beginning",
            "The token lifetime is invalid; NotBefore: '03/14/2026 12:00:02', Expires: '03/14/2026 12:00:01'",
            ("nbf", Now + 2), ("exp", Now + 1));
        yield return Case("an end that is a text", null, ("exp", "tomorrow"));
        yield return Case("a beginning that is a text", null, ("nbf", "now"));
        yield return Case("an audience that is a number", null, ("aud", 1));
        yield return Case("an issuer that is a list", null, ("iss", new[] { Tokens.Issuer }));
    }

    [TestCaseSource(nameof(Wrong))]
    public async Task a_wrong_claim_is_refused_and_named(Dictionary<string, object> claims, string? says)
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        var answer = await service.Get(Tokens.Signed("HS256", claims, Sign));

        answer.Status.ShouldBe(HttpStatusCode.Unauthorized);
        answer.Challenge.ShouldBe(says is null
            ? "Bearer error=\"invalid_token\""
            : $"Bearer error=\"invalid_token\", error_description=\"{says}\"");
    }

    [TestCase("exp", -300)]
    [TestCase("exp", -299)]
    [TestCase("nbf", 300)]
    public async Task clocks_may_differ_by_the_skew(string claim, int seconds)
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        (await service.Get(Tokens.Signed("HS256", Tokens.Claims((claim, Now + seconds)), Sign))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [TestCase(1e300)]
    [TestCase(253402300800)]
    public async Task an_end_beyond_all_dates_is_an_end_far_away(double end)
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        (await service.Get(Tokens.Signed("HS256", Tokens.Claims(("exp", end)), Sign))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [TestCase("a.b")]
    [TestCase("a.b.c.d.e")]
    [TestCase("...")]
    [TestCase("..")]
    [TestCase("not a token")]
    [TestCase("eyJhbGciOiJIUzI1NiJ9.e30=.AAAA")]
    [TestCase("eyJhbGciOiJIUzI1NiJ9.e30 .AAAA")]
    [TestCase("W10.e30.AAAA")]
    [TestCase("e30.e30.AAAA")]
    public async Task what_is_no_token_is_refused(string text)
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        (await service.Get(text)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [TestCase("""{"alg":"HS256","crit":["exp"]}""")]
    [TestCase("""{"alg":"HS256","crit":["b64"],"b64":false}""")]
    [TestCase("""{"alg":"HS256","alg":"HS256"}""")]
    [TestCase("""{"alg":["HS256"]}""")]
    [TestCase("""{"alg":"HS256","kid":7}""")]
    public async Task a_header_that_cannot_be_trusted_is_refused(string header)
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        (await service.Get(Tokens.Signed(header, System.Text.Json.JsonSerializer.Serialize(Tokens.Claims()), Sign)))
            .Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task a_claim_given_twice_is_refused()
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));
        var payload = $$"""{"iss":"{{Tokens.Issuer}}","aud":"{{Tokens.Audience}}","exp":{{Now + 60}},"role":"tenant","role":"admin"}""";

        (await service.Get(Tokens.Signed("""{"alg":"HS256"}""", payload, Sign))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task a_token_of_unreasonable_length_is_refused_unread()
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));
        var claims = Tokens.Claims(("filler", new string('x', TokenValidationParameters.DefaultMaximumTokenSizeInBytes)));

        (await service.Get(Tokens.Signed("HS256", claims, Sign))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task nothing_in_a_token_can_break_the_header()
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        var answer = await service.Get(Tokens.Signed("HS256", Tokens.Claims(("aud", "a\"\r\nSet-Cookie: b=\u00e9")), Sign));

        answer.Challenge.ShouldBe(
            "Bearer error=\"invalid_token\", error_description=\"The audience 'a???Set-Cookie: b=?' is invalid\"");
    }

    [Test]
    public async Task without_a_token_the_challenge_says_no_more_than_how()
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        (await service.Get(null)).Challenge.ShouldBe("Bearer");
        (await service.Get("x", scheme: "Basic")).Challenge.ShouldBe("Bearer");
    }

    [Test]
    public async Task a_good_token_of_another_role_is_forbidden()
    {
        await using var service = await Service.With(new SymmetricSecurityKey(Secret));

        (await service.Get(Tokens.Signed("HS256", Tokens.Claims(("role", "finance")), Sign), "/admin")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await service.Get(Tokens.Signed("HS256", Tokens.Claims(("role", new[] { "finance", "admin" })), Sign), "/admin"))
            .Status.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task a_lifetime_validator_decides_alone()
    {
        await using var service = await Service.Start(options => options.TokenValidationParameters = new()
        {
            ValidIssuer = Tokens.Issuer,
            ValidAudience = Tokens.Audience,
            IssuerSigningKey = new SymmetricSecurityKey(Secret),
            LifetimeValidator = (_, expires, _, _) => expires is null,
        });

        (await service.Get(Tokens.Signed("HS256", Tokens.Claims(("exp", null)), Sign))).Status.ShouldBe(HttpStatusCode.OK);
        (await service.Get(Tokens.Signed("HS256", Tokens.Claims(), Sign))).Challenge.ShouldContain(
            "The token lifetime is invalid; NotBefore: '(null)', Expires: '03/14/2026 13:00:00'");
    }

    [Test]
    public async Task the_short_names_become_long_unless_told_not_to()
    {
        await using var service = await Service.Start(options => options.TokenValidationParameters = new()
        {
            ValidIssuer = Tokens.Issuer,
            ValidAudience = Tokens.Audience,
            IssuerSigningKey = new SymmetricSecurityKey(Secret),
        });

        var answer = await service.Get(Tokens.Signed("HS256", Tokens.Claims(), Sign));

        answer.Body.ShouldContain("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier=somebody");
    }

    [Test]
    public async Task an_event_may_bring_the_token_from_elsewhere()
    {
        var token = Tokens.Signed("HS256", Tokens.Claims(), Sign);
        await using var service = await Service.Start(options =>
        {
            options.TokenValidationParameters = new()
            {
                ValidIssuer = Tokens.Issuer,
                ValidAudience = Tokens.Audience,
                IssuerSigningKey = new SymmetricSecurityKey(Secret),
            };
            options.Events = new JwtBearerEvents
            {
                OnMessageReceived = context =>
                {
                    context.Token = token;
                    return Task.CompletedTask;
                },
            };
        });

        (await service.Get(null)).Status.ShouldBe(HttpStatusCode.OK);
    }
}
