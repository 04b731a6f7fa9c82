using System.Globalization;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Ingestion.Tests.Questions;

[Parallelizable(ParallelScope.Self)]
public class QuestionsTests
{
    private EdgeService _service = null!;
    private string _staff = null!, _key = null!;

    [OneTimeSetUp]
    public async Task Up()
    {
        _service = await EdgeService.Start();
        await _service.KnowSome();
        _staff = _service.Token("finance");
        _key = await _service.Key("/shop", "urn:a/b %2F");
    }

    [OneTimeTearDown]
    public async Task Down() => await _service.DisposeAsync();

    [Test]
    public async Task the_fate_of_an_event_is_told_whole()
    {
        await _service.Take(Event("f0", tenant: "beta"), Event("f1"));

        var (status, fate) = await _service.Ask("/api/v1/events/%2Fshop/f1", _staff);

        status.ShouldBe(200);
        (Text(fate, "source"), Text(fate, "id"), Text(fate, "tenant"), Text(fate, "state"), Text(fate, "via"))
            .ShouldBe(("/shop", "f1", "acme", "accepted", "http"));
        Text(fate, "sentBy").ShouldBe("key-1");
        Text(fate, "original").ShouldBe(Event("f1"));
        var fact = fate.GetProperty("facts").EnumerateArray().Single();
        fact.GetProperty("factId").GetGuid().ShouldBe(UsageIds.Accepted(new("/shop", "f1"), 0).Value);
        fact.GetProperty("lane").GetInt32().ShouldBe(Lanes.Of(TenantId.Of("acme")));
        fact.GetProperty("number").GetInt64().ShouldBeGreaterThan(0);
        fact.GetProperty("isPublished").GetBoolean().ShouldBeFalse();
        Text(fact, "kind").ShouldBe("billing.ingestion.usage-accepted.v1");

        await _service.Database.Do(_service.Database.Writer,
            $"insert into relay_marks values ('{Topics.Usage}', {Lanes.Of(TenantId.Of("acme"))}, 1000000)");
        (await _service.Ask("/api/v1/events/%2Fshop/f1", _staff)).Json.GetProperty("facts")[0]
            .GetProperty("isPublished").GetBoolean().ShouldBeTrue();
    }

    [Test]
    public async Task a_fact_is_found_among_many()
    {
        for (var batch = 0; batch < 5; batch++)
            await _service.Take([.. Enumerable.Range(0, 200).Select(one => Event($"many-{batch}-{one}"))]);

        var (_, fate) = await _service.Ask("/api/v1/events/%2Fshop/many-3-77", _staff);

        fate.GetProperty("facts").GetArrayLength().ShouldBe(1);
    }

    [Test]
    public async Task cancels_and_amendments_are_part_of_it()
    {
        await _service.Take(Event("c1"));
        await _service.Take(Event("c1-amended", more: """, "billingamends": "c1" """, type: "storage"));
        await _service.Take(Event("c1-canceled", more: """, "billingcancels": "c1" """));
        await _service.Take(Event("c2-canceled", more: """, "billingcancels": "c2" """));

        var (_, fate) = await _service.Ask("/api/v1/events/%2Fshop/c1", _staff);
        var (_, change) = await _service.Ask("/api/v1/events/%2Fshop/c1-canceled", _staff);
        var (_, waiting) = await _service.Ask("/api/v1/events/%2Fshop/c2-canceled", _staff);
        var (_, awaited) = await _service.Ask("/api/v1/events/%2Fshop/c2", _staff);

        Text(fate, "state").ShouldBe("canceled");
        fate.GetProperty("facts").EnumerateArray()
            .Select(fact => $"{Text(fact, "kind")} {fact.GetProperty("revision")}")
            .ShouldBe([
                "billing.ingestion.usage-accepted.v1 0", "billing.ingestion.usage-canceled.v1 0",
                "billing.ingestion.usage-accepted.v1 1", "billing.ingestion.usage-canceled.v1 1",
            ]);
        fate.GetProperty("changedBy").EnumerateArray().Select(one => $"{Text(one, "id")} {Text(one, "state")}")
            .ShouldBe(["c1-amended applied", "c1-canceled applied"]);
        fate.GetProperty("history").EnumerateArray().Select(one => Text(one, "state"))
            .ShouldBe(["accepted", "canceled"]);
        Text(change, "changes").ShouldBe("c1");
        Text(waiting, "state").ShouldBe("waiting");
        Text(waiting.GetProperty("waits"), "code").ShouldBe("no-original");
        Text(awaited, "state").ShouldBe("awaited");
    }

    [Test]
    public async Task what_waits_says_for_what()
    {
        await _service.Take(Event("w1", tenant: "stranger"), Event("w2", type: "no.such.type"));

        (await Waits("w1")).ShouldBe("unknown-tenant");
        (await Waits("w2")).ShouldBe("no-meter");

        async Task<string?> Waits(string id) =>
            Text(
                (await _service.Ask($"/api/v1/events/%2Fshop/{id}", _staff)).Json.GetProperty("waits"), "code");
    }

    [Test]
    public async Task everybody_sees_what_is_theirs()
    {
        await _service.Take(Event("i1"), Event("i2", source: "/foreign"));
        await _service.Take(Event("i1-canceled", more: """, "billingcancels": "i1" """));
        var (acme, beta) = (_service.Token("tenant", "acme"), _service.Token("tenant", "beta"));

        (await _service.Ask("/api/v1/events/%2Fshop/i1", acme)).Status.ShouldBe(200);
        (await _service.Ask("/api/v1/events/%2Fshop/i1", beta)).Status.ShouldBe(404);
        (await _service.Ask("/api/v1/events/%2Fshop/i1", _key)).Status.ShouldBe(200);
        (await _service.Ask("/api/v1/events/%2Fforeign/i2", _key)).Status.ShouldBe(404);
        (await _service.Ask("/api/v1/events/%2Fforeign/i2", acme)).Status.ShouldBe(200);
        (await _service.Ask("/api/v1/events/%2Fshop/i1", null)).Status.ShouldBe(401);
        (await _service.Ask("/api/v1/events/%2Fshop/nothing", _staff)).Status.ShouldBe(404);

        var (_, fate) = await _service.Ask("/api/v1/events/%2Fshop/i1", acme);
        fate.GetProperty("sentBy").ValueKind.ShouldBe(JsonValueKind.Null);
        fate.GetProperty("facts").GetArrayLength().ShouldBe(2);
        fate.GetProperty("changedBy").GetArrayLength().ShouldBe(1);
        fate.GetProperty("history").GetArrayLength().ShouldBe(1);
    }

    [Test]
    public async Task the_database_itself_shows_a_tenant_nothing_of_others()
    {
        await _service.Take(Event("r1"), Event("r2", tenant: "beta"));

        foreach (var table in (string[])["usage_keys", "usage_history", "usage_changes"])
            (await AsReader("beta", $"select count(*) from {table} where id = 'r1'")).ShouldBe(0, table);
        (await AsReader("beta", "select count(*) from sent_facts where key = 'acme'")).ShouldBe(0);
        (await AsReader("beta", "select count(body) from usage_originals where id = 'r1'")).ShouldBe(0);
        (await AsReader("acme", "select count(body) from usage_originals where id = 'r1'")).ShouldBe(1);
        (await AsReader("", "select count(*) from usage_keys")).ShouldBe(0);
        await Should.ThrowAsync<Npgsql.PostgresException>(
            () => AsReader("acme", "select count(sent_by) from usage_originals"));

        async Task<long> AsReader(string tenant, string sql)
        {
            await using var connection = await _service.Database.Open(_service.Database.Reader);
            await using var transaction = await connection.BeginTransactionAsync();
            await using var set = new Npgsql.NpgsqlCommand(
                $"select set_config('billing.tenant', '{tenant}', true)", connection);
            await set.ExecuteNonQueryAsync();
            await using var select = new Npgsql.NpgsqlCommand(sql, connection);
            return (long)(await select.ExecuteScalarAsync())!;
        }
    }

    [Test]
    public async Task a_name_may_hold_what_paths_do_not()
    {
        await _service.Take(Event("x/y?z&ü", source: "urn:a/b %2F"));
        var (source, id) = (Uri.EscapeDataString("urn:a/b %2F"), Uri.EscapeDataString("x/y?z&ü"));

        (await _service.Ask($"/api/v1/events/{source}/{id}", _key)).Status.ShouldBe(200);
        (await _service.Ask($"/api/v1/events?source={source}&id={id}", _key)).Status.ShouldBe(200);
        (await _service.Ask($"/api/v1/sources/{source}/delivery", _key)).Status.ShouldBe(200);
        (await _service.Ask($"/api/v1/delivery?source={source}", _key)).Status.ShouldBe(200);
        (await _service.Ask("/api/v1/events?source=a", _key)).Status.ShouldBe(400);
        (await _service.Ask("/api/v1/events?source=a&id=%00", _key)).Status.ShouldBe(400);
    }

    [Test]
    public async Task what_was_refused_is_listed()
    {
        var before = DateTimeOffset.UtcNow;
        await _service.Take(
            Event("l1", source: "/list"), Event("l2", source: "/list", more: ", \"time\": 7 "));
        await _service.Take(
            Event("l1", source: "/list", type: "other"), Event("l3", source: "/list", tenant: "a b"), "{");

        var (_, all) = await _service.Ask("/api/v1/events/rejected?source=/list", _staff);
        var (_, some) = await _service.Ask("/api/v1/events/rejected?source=/list&code=conflict", _staff);
        var (_, first) = await _service.Ask("/api/v1/events/rejected?source=/list&limit=2", _staff);
        var (_, rest) = await _service.Ask(
            $"/api/v1/events/rejected?source=/list&limit=2&cursor={Text(first, "nextCursor")}", _staff);
        var (_, unreadable) = await _service.Ask("/api/v1/events/rejected?code=not-json", _staff);

        Ids(all).ShouldBe(["l3", "l1", "l2"], ignoreOrder: true);
        Ids(some).ShouldBe(["l1"]);
        some.GetProperty("items")[0].GetProperty("isConflict").GetBoolean().ShouldBeTrue();
        Text(some.GetProperty("items")[0], "body").ShouldBe(Event("l1", source: "/list", type: "other"));
        Ids(first).Concat(Ids(rest)).ShouldBe(Ids(all));
        Text(unreadable.GetProperty("items")[0], "body").ShouldBe("{");
        (await _service.Ask("/api/v1/events/rejected?source=/list", _key)).Status.ShouldBe(403);
        Ids((await _service.Ask("/api/v1/events/rejected", _key)).Json).ShouldNotContain("l1");
        (await _service.Ask("/api/v1/events/rejected", _service.Token("tenant", "acme"))).Status.ShouldBe(403);
        var yesterday = Moment(before.AddDays(-1));
        Ids((await _service.Ask($"/api/v1/events/rejected?source=/list&to={yesterday}", _staff)).Json)
            .ShouldBeEmpty();
        Ids((await _service.Ask($"/api/v1/events/rejected?source=/list&from={yesterday}", _staff)).Json)
            .Length.ShouldBe(3);

        var (_, fate) = await _service.Ask("/api/v1/events/%2Flist/l2", _staff);
        fate.GetProperty("state").ValueKind.ShouldBe(JsonValueKind.Null);
        fate.GetProperty("refusals").GetArrayLength().ShouldBe(1);
    }

    [Test]
    public async Task delivery_counts_and_names_what_is_missing()
    {
        string Numbered(int number) =>
            Event($"n{number}", source: "/numbers", more: $", \"sequence\": \"{number}\" ");
        await _service.Take([.. ((int[])[1, 2, 3, 7, 8, 10]).Select(Numbered), Numbered(2)]);
        await _service.Take(
            Event("n1", source: "/numbers", type: "other"), Event("n11", source: "/numbers", tenant: "who"));

        var (status, report) = await _service.Ask("/api/v1/sources/%2Fnumbers/delivery", _staff);

        status.ShouldBe(200);
        report.GetProperty("total").GetRawText().ShouldBe(
            """{"received":9,"accepted":6,"duplicate":1,"conflict":1,"rejected":0,"unmatched":1,"waiting":0}""");
        report.GetProperty("days").GetArrayLength().ShouldBe(1);
        report.GetProperty("days")[0].GetProperty("counts").GetRawText()
            .ShouldBe(report.GetProperty("total").GetRawText());
        report.GetProperty("numbering").GetRawText().ShouldBe(
            """{"first":1,"last":10,"missing":4,"gapCount":2,"gaps":[{"from":4,"to":6},{"from":9,"to":9}],"""
            + "\"isScattered\":false}");
        (await _service.Ask("/api/v1/sources/%2Fnumbers/delivery?from=2020-01-01&to=2020-01-31", _staff)).Json
            .GetProperty("days").GetArrayLength().ShouldBe(0);
        (await _service.Ask("/api/v1/sources/%2Fnumbers/delivery?from=2020-01-01", _staff)).Status.ShouldBe(400);
        (await _service.Ask("/api/v1/sources/%2Fnumbers/delivery", _key)).Status.ShouldBe(404);
        (await _service.Ask("/api/v1/sources/%2Fnobody/delivery", _staff)).Status.ShouldBe(404);

        await _service.Take(Event("s1", source: "/silent"));
        (await _service.Ask("/api/v1/sources/%2Fsilent/delivery", _staff)).Json.GetProperty("numbering").ValueKind
            .ShouldBe(JsonValueKind.Null);
    }

    private static string Event(
        string id, string source = "/shop", string tenant = "acme", string type = "api.request",
        string more = "") =>
        $$$"""
        {"specversion": "1.0", "id": "{{{id}}}", "source": "{{{source}}}", "type": "{{{type}}}"
        , "subject": "{{{tenant}}}"{{{(more.Contains("\"time\"") ? "" : $", \"time\": \"{Yesterday}\"")}}}{{{more}}}
        , "data": {"bytes": 5} }
        """;

    // Once: an event that is written again is the same beyond midnight as well.
    private static readonly string Yesterday = Moment(DateTimeOffset.UtcNow.Date.AddDays(-1));

    private static string Moment(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static string?[] Ids(JsonElement page) =>
        [.. page.GetProperty("items").EnumerateArray().Select(item => Text(item, "id"))];
}
