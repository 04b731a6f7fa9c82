using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Ingestion.Tests.Whole;
using Billing.Ingestion.Usage;
using Billing.Ingestion.Usage.Reading;
using Billing.Testbed;
using Confluent.Kafka;

namespace Billing.Ingestion.Tests.Http;

/// <summary>The door that producers use, on the service's own program.</summary>
[Parallelizable(ParallelScope.Self)]
public class PostEventsTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly Random Random = new(42);

    private readonly ConcurrentDictionary<string, string> _tokens = [];

    private EmbeddedBroker _broker = null!;
    private Installed _ingestion = null!;
    private RunningProgram _process = null!;
    private HttpClient _client = null!;

    [OneTimeSetUp]
    public async Task Up()
    {
        _broker = await Brokers.StartEmbedded();
        _ingestion = await Installed.On(_broker.BootstrapServers, "services/Ingestion", Resources.Ingestion);
        Traffic.SendCatalog(_broker.BootstrapServers, Now);
        _process = _ingestion.Start();
        _client = _process.Client;
        await Eventually.Is(
            async () => await _ingestion.Ask<long>("select count(*) from catalog_tenants") == Traffic.Tenants,
            TimeSpan.FromMinutes(1), $"the catalog is taken: {_process.Said}");
        // The other side of the door looks a few times a second.
        await Eventually.Is(async () => Verdict(await Send(Event($"probe-{Random.Next()}"))) == "accepted");
    }

    [OneTimeTearDown]
    public async Task Down()
    {
        await _process.DisposeAsync();
        await _ingestion.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Test]
    public async Task one_event_gets_its_verdict()
    {
        var first = await Send(Event("one"));
        var again = await Send(Event("one"));
        var other = await Send(Event("one", calls: 2));
        var early = await Send(Event("early", at: Now.AddDays(3)));
        var stranger = await Send(Event("stranger", tenant: "stranger"));
        var broken = await Send("{");

        (first.Code, Verdict(first), first.Body.GetProperty("revision").GetInt32())
            .ShouldBe((HttpStatusCode.Accepted, "accepted", 0));
        (again.Code, Verdict(again), again.Body.GetProperty("first").GetString())
            .ShouldBe((HttpStatusCode.Accepted, "duplicate", "accepted"));
        (other.Code, Text(other, "code"), Text(other, "type"))
            .ShouldBe((HttpStatusCode.Conflict, "conflict", "urn:billing:problem:conflict"));
        (early.Code, Text(early, "code"), Text(early, "id"))
            .ShouldBe((HttpStatusCode.UnprocessableEntity, "too-far-ahead", "early"));
        (stranger.Code, Verdict(stranger), Text(stranger, "code"))
            .ShouldBe((HttpStatusCode.Accepted, "unmatched", "unknown-tenant"));
        (broken.Code, Text(broken, "code")).ShouldBe((HttpStatusCode.BadRequest, "not-json"));
        (await _ingestion.Ask<string>("select sent_by || ' ' || via from usage_originals where id = 'one'"))
            .ShouldBe("development-producer 1");
    }

    [Test]
    public async Task a_batch_gets_a_list()
    {
        var answer = await Send(
            $"[{Event("b1")},{Event("b2")},{Event("b1")},{Event("b1", calls: 2)},{{}}]", ContentTypes.Batch);

        answer.Code.ShouldBe(HttpStatusCode.Accepted);
        var items = answer.Body.GetProperty("items").EnumerateArray().ToList();
        items.Select(item => item.GetProperty("verdict").GetString())
            .ShouldBe(["accepted", "accepted", "duplicate", "conflict", "rejected"]);
        items[4].GetProperty("code").GetString().ShouldBe("not-a-cloud-event");
        items[0].TryGetProperty("code", out _).ShouldBeFalse();
    }

    [TestCase("[]", "not-a-batch")]
    [TestCase("[1]", "not-a-batch")]
    [TestCase("[{},", "not-json")]
    [TestCase("{}", "not-a-batch")]
    public async Task what_is_no_batch_is_refused_as_a_whole(string body, string code)
    {
        var answer = await Send(body, ContentTypes.Batch);

        (answer.Code, Text(answer, "code")).ShouldBe((HttpStatusCode.BadRequest, code));
    }

    [Test]
    public async Task plain_JSON_is_taken_only_where_it_is_clearly_a_CloudEvent()
    {
        Verdict(await Send(Event("plain"), ContentTypes.Json)).ShouldBe("accepted");
        (await Send($"[{Event("plain2")}]", ContentTypes.Json)).Body.GetProperty("items").GetArrayLength().ShouldBe(1);
        Verdict(await Send("""{"calls":7}""", ContentTypes.Json,
            ("ce-specversion", "1.0"), ("ce-id", "binary"), ("ce-source", "%2F%2Ft%C3%A9st"), ("ce-type", "api.call"),
            ("ce-subject", "tenant-1"), ("ce-time", Now.ToString("O")))).ShouldBe("accepted");
        (await _ingestion.Ask<string>("select name from usage_sources s join usage_keys k on source_id = s.id "
            + "where k.id = 'binary'")).ShouldBe("//tést");

        foreach (var (body, type) in new[]
            { ("{}", ContentTypes.Json), ("[{}]", ContentTypes.Json), ("<a/>", "text/xml"), (Event("x"), "text/plain") })
        {
            var refused = await Send(body, type);
            refused.Code.ShouldBe(HttpStatusCode.UnsupportedMediaType);
            Text(refused, "detail")!.ShouldContain("application/cloudevents+json");
        }
    }

    [Test]
    public async Task bodies_have_bounds()
    {
        var longest = new string('x', 1_000);
        string Padded(int id) => Event($"pad-{id}")[..^1] + "," + string.Join(
            ',', Enumerable.Range(0, 6).Select(n => $"\"pad{n}\":\"{longest}\"")) + "}";

        (await Send($"[{string.Join(',', Enumerable.Range(0, 1_000).Select(Padded))}]", ContentTypes.Batch))
            .Code.ShouldBe(HttpStatusCode.Accepted, "some 6 MiB");
        (await Send(Event("long").Replace("}}", $",\"t\":\"{new string('x', 70_000)}\"}}}}", StringComparison.Ordinal)))
            .Code.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Send(new string(' ', 9_000_000), ContentTypes.Batch)).Code.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Test]
    public async Task a_key_speaks_for_its_own_sources_only()
    {
        using var issue = new HttpRequestMessage(HttpMethod.Post, "/api/v1/api-keys")
        {
            Content = JsonContent.Create(new { name = "n", subject = "gateway", sources = new[] { "/test", "/more" } }),
        };
        issue.Headers.Authorization = new("Bearer", Installed.Token("admin"));
        var issued = await (await _client.SendAsync(issue)).Content.ReadFromJsonAsync<JsonElement>();
        var key = ("X-Api-Key", issued.GetProperty("key").GetString()!);

        Verdict(await Send(Event("keyed"), ContentTypes.Event, key)).ShouldBe("accepted");
        var foreign = await Send($"[{Event("k1")},{Event("k2", source: "/other")}]", ContentTypes.Batch, key);
        (foreign.Code, Text(foreign, "source")).ShouldBe((HttpStatusCode.Forbidden, "/other"));
        (await _ingestion.Ask<long>("select count(*) from usage_keys where id in ('k1', 'k2')"))
            .ShouldBe(0, "nothing of the batch is taken");
        (await _ingestion.Ask<string>("select sent_by from usage_originals where id = 'keyed'"))
            .ShouldBe(issued.GetProperty("id").GetString());
    }

    [TestCase("finance", HttpStatusCode.Forbidden)]
    [TestCase("ops", HttpStatusCode.Forbidden)]
    [TestCase(null, HttpStatusCode.Unauthorized)]
    public async Task only_producers_send(string? role, HttpStatusCode code) =>
        (await Send(Event("no"), ContentTypes.Event, role)).Code.ShouldBe(code);

    [Test]
    public async Task callers_at_the_same_time_share_commits_and_each_gets_its_own_verdict()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(number =>
            Send(Event($"shared-{number / 3}", calls: number % 3 == 2 ? 2 : 1))));

        answers.Count(answer => answer.Code == HttpStatusCode.Accepted).ShouldBeInRange(100, 200);
        (await _ingestion.Ask<long>("select count(*) from usage_keys where id like 'shared-%'")).ShouldBe(100);
        (await _ingestion.Ask<long>("select count(*) from usage_originals where id like 'shared-%'")).ShouldBe(100);
    }

    [Test, CancelAfter(1_800_000)]
    public async Task whatever_is_sent_gets_an_answer_that_is_not_our_fault(CancellationToken cancellation)
    {
        const int Callers = 8;
        var before = await Received();
        var each = TestSize.Of(400, 100_000) / Callers;

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            for (var number = 0; number < each; number++)
            {
                var body = Bent(random, Event($"fuzz-{caller}-{number}"));
                var answer = await Send(body, number % 3 == 0 ? ContentTypes.Batch : ContentTypes.Event);
                ((int)answer.Code).ShouldBeOneOf(202, 400, 409, 422);
            }
        }, cancellation)));

        (await Received() - before).ShouldBe(each * Callers);
    }

    [Test]
    public async Task whatever_is_on_the_topics_is_accounted_for_and_the_rest_goes_on()
    {
        var (before, sent, random) = (await Received(), TestSize.Of(800, 100_000), new Random(7));
        using (var producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig { BootstrapServers = _broker.BootstrapServers, EnableIdempotence = true }).Build())
        {
            for (var number = 0; number < sent; number++)
                producer.Produce(
                    number % 2 == 0 ? Topics.RawUsage : Topics.QuotaExceeded,
                    new()
                    {
                        Key = [1],
                        Value = Bent(random, number % 2 == 0 ? Event($"bent-{number}") : Exceeded(number)),
                        Headers = number % 5 == 0 ? new() { { "ce_specversion", [49, 46, 48] } } : null,
                    });
            producer.Flush(TimeSpan.FromMinutes(1)).ShouldBe(0);
        }

        await Eventually.Is(async () => await Received() - before >= sent, TimeSpan.FromMinutes(10));
        (await Received() - before).ShouldBe(sent);
        Verdict(await Send(Event("after-the-bent-ones"))).ShouldBe("accepted");
        // Kept aside for what it is, and none because something of ours failed at it.
        (await _ingestion.Ask<long>("select count(*) from parked_facts where reason like '%Exception%'"))
            .ShouldBe(0);
    }

    private static byte[] Bent(Random random, string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        for (var bends = random.Next(1, 4); bends > 0; bends--)
            body[random.Next(body.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(32, 127));
        return body;
    }

    private static string Exceeded(int number) => JsonSerializer.Serialize(new
    {
        event_id = $"over-{number}",
        tenant_id = "tenant-1",
        plan_id = "free",
        country = "CI",
        metric = "api_calls",
        units_exceeded = 3,
        timestamp = Now,
        metadata = new { region = "eu" },
    });

    private Task<long> Received() =>
        _ingestion.Ask<long>("select coalesce(sum(received), 0)::bigint from usage_counts");

    private static string Event(
        string id, int calls = 1, string source = "/test", string tenant = "tenant-1", DateTimeOffset? at = null) =>
        JsonSerializer.Serialize(new
        {
            specversion = "1.0",
            id,
            source,
            type = "api.call",
            subject = tenant,
            time = at ?? Now,
            data = new { calls },
        });

    private static string? Verdict(Answered answer) => Text(answer, "verdict");

    private static string? Text(Answered answer, string name) =>
        answer.Body.ValueKind == JsonValueKind.Object && answer.Body.TryGetProperty(name, out var value)
            ? value.GetString()
            : null;

    private Task<Answered> Send(
        string body, string type = ContentTypes.Event, params (string Name, string Value)[] headers) =>
        Send(Encoding.UTF8.GetBytes(body), type, headers.Any(header => header.Name == "X-Api-Key") ? null : "producer",
            headers);

    private Task<Answered> Send(string body, string type, string? role) =>
        Send(Encoding.UTF8.GetBytes(body), type, role);

    private async Task<Answered> Send(
        byte[] body, string type, string? role = "producer", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, PostEvents.Route)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } },
        };
        // Who is refused before the body is read must not be cut off while sending it.
        request.Headers.ExpectContinue = body.Length > 8_000_000;
        if (role is not null) request.Headers.Authorization = new(
            "Bearer", _tokens.GetOrAdd(role, known => Installed.Token(known)));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return new(answer.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    private sealed record Answered(HttpStatusCode Code, JsonElement Body);
}
