using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Billing.Cli.Verbs;
using Billing.LocalTools;

namespace Billing.Cli.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TokenTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 14, 9, 26, 53, TimeSpan.Zero);
    private readonly Folder data = new();

    public void Dispose() => data.Dispose();

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }

    [TestCase("finance", null)]
    [TestCase("tenant", "acme")]
    public void a_token_verifies_with_the_published_keys_and_says_who_may_do_what(string role, string? tenant)
    {
        var parts = Issue(role, tenant).Split('.');
        parts.Length.ShouldBe(3);
        var header = Decode(parts[0]);
        var claims = Decode(parts[1]);
        var key = JsonDocument.Parse(DevelopmentIssuer.LoadOrCreate(data.Path).Jwks).RootElement.GetProperty("keys")[0];

        header.GetProperty("alg").GetString().ShouldBe("ES256");
        header.GetProperty("kid").GetString().ShouldBe(key.GetProperty("kid").GetString());
        PublicKey(key).VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"),
            Base64Url.DecodeFromChars(parts[2]),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation).ShouldBeTrue();

        claims.GetProperty("iss").GetString().ShouldBe(DevelopmentIssuer.Issuer);
        claims.GetProperty("aud").GetString().ShouldBe(DevelopmentIssuer.Audience);
        claims.GetProperty("role").GetString().ShouldBe(role);
        claims.GetProperty("iat").GetInt64().ShouldBe(Now.ToUnixTimeSeconds());
        claims.GetProperty("exp").GetInt64().ShouldBe(Now.AddHours(2).ToUnixTimeSeconds());
        (claims.TryGetProperty("tenant", out var named) ? named.GetString() : null).ShouldBe(tenant);
    }

    [Test]
    public void the_published_keys_hold_no_private_part() =>
        JsonDocument.Parse(DevelopmentIssuer.LoadOrCreate(data.Path).Jwks).RootElement.GetProperty("keys")[0]
            .TryGetProperty("d", out _).ShouldBeFalse();

    [TestCase("king", null, "8h", "There is no role 'king'")]
    [TestCase("tenant", null, "8h", "needs a tenant")]
    [TestCase("ops", "acme", "8h", "not bound to a tenant")]
    [TestCase("ops", null, "soon", "'soon' is no lifetime")]
    [TestCase("ops", null, "0s", "a second at least")]
    public void what_makes_no_sense_is_refused_in_one_sentence(string role, string? tenant, string lifetime, string clue) =>
        Should.Throw<CannotGoOn>(() => Token.Issue(role, tenant, lifetime, data.Path, new FixedTime()))
            .Message.ShouldContain(clue);

    [Test]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void the_key_is_for_its_owner_only_and_outlives_the_process()
    {
        var first = DevelopmentIssuer.LoadOrCreate(data.Path).Jwks;

        File.GetUnixFileMode(data.Of("keys", "development.pem"))
            .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        DevelopmentIssuer.LoadOrCreate(data.Path).Jwks.ShouldBe(first);
    }

    [Test]
    public async Task all_who_come_first_at_once_get_the_same_key()
    {
        using var start = new Barrier(8);
        var keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();

                return DevelopmentIssuer.LoadOrCreate(data.Path).Jwks;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        keys.Distinct().Count().ShouldBe(1);
    }

    [Test]
    public void a_damaged_key_is_named_with_the_way_out()
    {
        data.Write(Path.Combine("keys", "development.pem"), "nonsense");

        Should.Throw<CannotGoOn>(() => Issue("ops", null)).Message.ShouldContain("delete it");
    }

    private string Issue(string role, string? tenant) => Token.Issue(role, tenant, "2h", data.Path, new FixedTime());

    private static JsonElement Decode(string part) => JsonDocument.Parse(Base64Url.DecodeFromChars(part)).RootElement;

    private static ECDsa PublicKey(JsonElement key) => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = Coordinate(key, "x"), Y = Coordinate(key, "y") },
    });

    private static byte[] Coordinate(JsonElement key, string name) =>
        Base64Url.DecodeFromChars(key.GetProperty(name).GetString());
}
