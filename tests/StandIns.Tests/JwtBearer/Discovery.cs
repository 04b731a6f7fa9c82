using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace Billing.StandIns.Tests.JwtBearer;

/// <summary>Keys that the issuer publishes, and changes.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class Discovery : IDisposable
{
    private readonly Clock _clock = new(Tokens.Now);
    private readonly Publisher _issuer = new();

    [Test]
    public async Task keys_come_from_the_issuers_own_description()
    {
        var key = _issuer.Publish("one");
        await using var service = await Start();

        (await service.Get(Token(key, "one"))).Status.ShouldBe(HttpStatusCode.OK);
        (await service.Get(Token(key, "one"))).Status.ShouldBe(HttpStatusCode.OK);
        _issuer.Reads.ShouldBe(2, "the description and the keys, once");
    }

    [Test]
    public async Task a_new_key_is_fetched_when_a_token_names_it_but_not_at_every_wrong_token()
    {
        _issuer.Publish("one");
        await using var service = await Start();
        await service.Get(Token(_issuer.Publish("two"), "two"));
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        _clock.Now += TimeSpan.FromMinutes(6);
        var third = _issuer.Publish("three");
        (await service.Get(Token(third, "three"))).Status.ShouldBe(HttpStatusCode.OK);

        var before = _issuer.Reads;
        for (var i = 0; i < 20; i++) (await service.Get(Token(stranger, "four"))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        _issuer.Reads.ShouldBe(before);
    }

    [Test]
    public async Task while_the_issuer_does_not_answer_the_known_keys_stay_good()
    {
        var key = _issuer.Publish("one");
        await using var service = await Start();
        (await service.Get(Token(key, "one"))).Status.ShouldBe(HttpStatusCode.OK);

        _issuer.IsDown = true;
        _clock.Now += TimeSpan.FromHours(13);

        (await service.Get(Token(key, "one"))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task an_issuer_that_never_answered_is_an_error_of_ours_not_of_the_caller()
    {
        var key = _issuer.Publish("one");
        _issuer.IsDown = true;
        await using var service = await Start();

        await Should.ThrowAsync<InvalidOperationException>(() => service.Get(Token(key, "one")));

        _issuer.IsDown = false;
        (await service.Get(Token(key, "one"))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task an_issuer_without_TLS_is_not_asked()
    {
        await using var service = await Service.Start(options => options.Authority = "http://issuer.test");

        await Should.ThrowAsync<InvalidOperationException>(() => service.Get("x"));
    }

    private Task<Service> Start() => Service.Start(options =>
    {
        options.Authority = Tokens.Issuer;
        options.Audience = Tokens.Audience;
        options.BackchannelHttpHandler = _issuer;
    }, _clock);

    private string Token(ECDsa key, string kid) => Tokens.Signed(
        "ES256", Tokens.Claims(("exp", _clock.Now.AddHours(1).ToUnixTimeSeconds())), Tokens.With(key, "ES256"), kid);

    public void Dispose() => _issuer.Dispose();

    private sealed class Publisher : HttpMessageHandler
    {
        private readonly Dictionary<string, ECDsa> _keys = [];

        public bool IsDown { get; set; }

        public int Reads { get; private set; }

        public ECDsa Publish(string kid) => _keys[kid] = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (IsDown) throw new HttpRequestException("down");
            Reads++;
            object body = request.RequestUri!.AbsolutePath == "/.well-known/openid-configuration"
                ? new { issuer = Tokens.Issuer, jwks_uri = $"{Tokens.Issuer}/keys" }
                : new { keys = _keys.Select(key => Jwk(key.Key, key.Value.ExportParameters(false))) };
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(JsonSerializer.Serialize(body)) });
        }

        private static object Jwk(string kid, ECParameters key) =>
            new { kty = "EC", crv = "P-256", kid, x = Tokens.Encode(key.Q.X!), y = Tokens.Encode(key.Q.Y!) };
    }
}
