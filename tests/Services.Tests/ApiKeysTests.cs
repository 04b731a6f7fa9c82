using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Billing.Contracts;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;
using Billing.Testbed;

namespace Billing.Services.Tests;

/// <summary>Producers' keys, on a real database, through the door that producers use.</summary>
public class ApiKeysTests
{
    private static RunningService Ingestion => AllServices.Of(Resources.Ingestion);

    [Test]
    public async Task a_key_lets_a_producer_in_until_it_is_revoked()
    {
        var (id, key) = await Issue();

        (await Whoami(key)).ShouldBe(("gateway", "producer", id));
        (await Ingestion.Get(Meta.WhoamiRoute, null, ("Authorization", $"ApiKey {key}")))
            .StatusCode.ShouldBe(HttpStatusCode.OK);

        (await Ingestion.Send(HttpMethod.Delete, $"{ManageApiKeys.Route}/{id}", AllServices.Token("admin")))
            .StatusCode
            .ShouldBe(HttpStatusCode.NoContent);
        (await Ingestion.Get(Meta.WhoamiRoute, null, (ApiKeyHeader.Name, key)))
            .StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await Ingestion.Send(HttpMethod.Delete, $"{ManageApiKeys.Route}/{id}", AllServices.Token("admin")))
            .StatusCode
            .ShouldBe(HttpStatusCode.NoContent, "revoking again changes nothing");
    }

    [Test]
    public async Task the_secret_is_shown_once_and_kept_nowhere()
    {
        var (id, key) = await Issue();
        await Whoami(key);

        var list = await (await Ingestion.Get(ManageApiKeys.Route, AllServices.Token("admin")))
            .Content.ReadAsStringAsync();

        list.ShouldContain(id);
        list.ShouldContain("lastUsedOn");
        list.ShouldNotContain(key.Split('_')[2]);
        list.ShouldNotContain("hash", Case.Insensitive);
        Ingestion.Said.ShouldNotContain(key.Split('_')[2]);
    }

    [Test]
    public async Task a_key_that_is_not_exactly_right_is_refused_and_nobody_learns_why()
    {
        var (id, key) = await Issue();
        var wrong = key[..^1] + (key[^1] == '0' ? '1' : '0');
        var unknown = $"bk_0000000000000000_{key.Split('_')[2]}";

        var answers = new List<string>();
        foreach (var sent in new[] { wrong, unknown, $"bk_{id}", "x" })
        {
            var answer = await Ingestion.Get(Meta.WhoamiRoute, null, (ApiKeyHeader.Name, sent));
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            answer.Headers.WwwAuthenticate.ToString().ShouldBe("ApiKey");
            answers.Add(
                (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("title").GetString()!);
        }
        answers.Distinct().ShouldHaveSingleItem();
    }

    [Test]
    public async Task a_key_ends_when_it_was_said_to()
    {
        // Its end is waited for; but on a busy machine a short life is over before the key is used.
        string? key = null;
        for (var life = TimeSpan.FromSeconds(5); key is null; life *= 2)
        {
            life.ShouldBeLessThan(Eventually.Patience);
            var end = TimeProvider.System.GetUtcNow() + life;
            var (_, issued) = await Issue(expiresAt: end);
            var answer = await Ingestion.Get(Meta.WhoamiRoute, null, (ApiKeyHeader.Name, issued));
            if (answer.StatusCode == HttpStatusCode.OK) key = issued;
            else TimeProvider.System.GetUtcNow().ShouldBeGreaterThanOrEqualTo(end, "refused before its end");
        }

        await Eventually.Is(
            async () => (await Ingestion.Get(Meta.WhoamiRoute, null, (ApiKeyHeader.Name, key)))
            .StatusCode == HttpStatusCode.Unauthorized);
    }

    [TestCase("producer")]
    [TestCase("finance")]
    [TestCase("ops")]
    public async Task only_admins_manage_keys(string role)
    {
        (await Ingestion.Get(ManageApiKeys.Route, AllServices.Token(role)))
            .StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Ingestion.Send(HttpMethod.Post, ManageApiKeys.Route, AllServices.Token(role), Body()))
            .StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Ingestion.Send(HttpMethod.Delete, $"{ManageApiKeys.Route}/x", AllServices.Token(role)))
            .StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Ingestion.Get(ManageApiKeys.Route)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task a_key_manages_nothing()
    {
        var (_, key) = await Issue();

        (await Ingestion.Get(ManageApiKeys.Route, null, (ApiKeyHeader.Name, key)))
            .StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task other_services_know_no_keys()
    {
        var (_, key) = await Issue();

        (await AllServices.Of(Resources.Ledger).Get(Meta.WhoamiRoute, null, (ApiKeyHeader.Name, key))).StatusCode
            .ShouldBe(HttpStatusCode.Unauthorized);
        (await AllServices.Of(Resources.Ledger).Get(ManageApiKeys.Route, AllServices.Token("admin")))
            .StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [TestCase("", "gateway", "src")]
    [TestCase("name", "", "src")]
    [TestCase("name", "gateway")]
    [TestCase("name", "gateway", "")]
    public async Task a_key_needs_a_name_a_holder_and_sources(
        string name, string subject, params string[] sources)
    {
        var answer = await Ingestion.Send(HttpMethod.Post, ManageApiKeys.Route, AllServices.Token("admin"),
            JsonContent.Create(new { name, subject, sources }));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString()
            .ShouldBe(ProblemTypes.Invalid.Urn);
    }

    private static JsonContent Body(DateTimeOffset? expiresAt = null) => JsonContent.Create(
        new { name = "test", subject = "gateway", sources = new[] { "urn:test:gateway" }, expiresAt });

    private static async Task<(string Id, string Key)> Issue(DateTimeOffset? expiresAt = null)
    {
        var answer = await Ingestion.Send(
            HttpMethod.Post, ManageApiKeys.Route, AllServices.Token("admin"), Body(expiresAt));
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        var issued = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return (issued.GetProperty("id").GetString()!, issued.GetProperty("key").GetString()!);
    }

    private static async Task<(string?, string?, string?)> Whoami(string key)
    {
        var answer = await Ingestion.Get(Meta.WhoamiRoute, null, (ApiKeyHeader.Name, key));
        var caller = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return (caller.GetProperty("subject").GetString(), caller.GetProperty("role")
            .GetString(), caller.GetProperty("apiKey").GetString());
    }
}
