using System.Text;
using Billing.Ingestion.Usage;
using Billing.Ingestion.Usage.Reading;
using Billing.Testbed;
using static Billing.Ingestion.Tests.Workbench;

namespace Billing.Ingestion.Tests.Usage;

/// <summary>
/// Whatever arrives is an event or has a reason, and each is counted as exactly one of the six (I9).
/// </summary>
public class FuzzTests
{
    private const int Seed = 20260314;

    private static readonly string[] Pieces =
    [
        "\"id\":\"a\"", "\"id\":\"\\ud800\"", "\"source\":\"s\"", "\"specversion\":\"1.0\"", "\"type\":\"api.request\"",
        "\"subject\":\"acme\"", "\"subject\":\"x y\"", "\"time\":\"2026-03-14T11:00:00Z\"", "\"time\":\"2026-99-14T11:00:00Z\"",
        "\"data\":{", "}", "[", "]", "{", ",", ":", "1e999", "-0", "0.1e-5", "NaN", "null", "true", "\"", "\\u0000",
        "\"sequence\":\"5\"", "\"billingcancels\":\"b\"", "\"billingamends\":\"a\"", "\u00e9", "\ud83d\ude00", "\u0085",
        "\"n\":1", "\"n\":\"1\"", "\"data_base64\":\"\"", "\"datacontenttype\":\"text/xml\"", " ", "\n",
    ];

    [Test]
    public void reading_never_throws_and_always_answers()
    {
        var random = new Random(Seed);
        var refusals = new Dictionary<string, int>();
        var taken = 0;
        for (var number = 0; number < TestSize.Of(20_000, 300_000); number++)
        {
            var payload = Payload(random, number % 50);
            foreach (var reading in new[] { ReadCloudEvent.One(payload), ReadQuotaExceeded.Read(payload) })
            {
                (reading.Event is null).ShouldBe(reading.Refusal is not null);
                if (reading.Refusal is { } refusal)
                    refusals[refusal.Code] = refusals.GetValueOrDefault(refusal.Code) + 1;
                else
                {
                    taken++;
                    ContentDigest.Of(reading.Event!).ShouldNotBe(Guid.Empty);
                }
            }

            var items = new List<UsageReading>();
            if (ReadCloudEvent.Batch(payload, items) is null) items.ShouldNotBeEmpty();
        }

        taken.ShouldBeGreaterThan(100);
        refusals.Count.ShouldBeGreaterThan(12, string.Join(' ', refusals));
    }

    [Test]
    public async Task every_arrival_is_counted_once_and_keys_and_facts_agree()
    {
        await using var bench = await WithCatalog();
        var random = new Random(Seed);
        var arrivals = Enumerable.Range(0, TestSize.Of(3_000, 100_000)).Select(_ => Any(random)).ToList();

        var given = 0L;
        foreach (var batch in arrivals.Chunk(250))
        {
            var verdicts = await bench.Accept(Now, batch);
            verdicts.Count.ShouldBe(batch.Length);
            given += verdicts.Count(verdict => verdict is not null);
        }

        given.ShouldBe(arrivals.Count);
        (await bench.Test.Ask<long>(bench.Test.Owner, "select sum(received)::bigint from usage_counts"))
            .ShouldBe(arrivals.Count);
        (await bench.Test.Ask<long>(bench.Test.Owner,
            "select count(*) from usage_refusals")).ShouldBe(await bench.Test.Ask<long>(bench.Test.Owner,
            "select sum(rejected + conflict)::bigint from usage_counts"));
        // Each accepted revision is told once, each that was taken back is told to be, and no other.
        var story = await bench.Story();
        (await bench.Test.Ask<long>(bench.Test.Owner, "select count(distinct fact_id) from sent_facts"))
            .ShouldBe(story.Count);
        var uses = story.Count(line => line.StartsWith("use", StringComparison.Ordinal));
        var alive = await bench.Test.Ask<long>(bench.Test.Owner, "select count(*) from usage_keys where state = 1");
        (uses - (story.Count - uses)).ShouldBe((int)alive);
    }

    /// <summary>A well-formed event that was bent a little, or pieces in any order.</summary>
    private static byte[] Payload(Random random, int kind)
    {
        if (kind < 10)
            return Encoding.UTF8.GetBytes("{" + string.Join(random.Next(8) == 0 ? "" : ",", Enumerable.Range(
                0, random.Next(14)).Select(_ => Pieces[random.Next(Pieces.Length)])) + "}");

        var json = Encoding.UTF8.GetBytes(kind % 3 == 0
            ? """{"event_id":"q","tenant_id":"acme","metric":"m","units_exceeded":1.5,"timestamp":"2026-03-14T12:00:00Z"}"""
            : Event("e", data: new { n = 1.5, text = "é", flag = true }, sequence: "4"));
        for (var bends = random.Next(4); bends > 0; bends--)
            json[random.Next(json.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)random.Next(32, 127);
        if (random.Next(10) == 0) json = json[..random.Next(json.Length)];
        return kind == 49 ? [(byte)'[', .. json, (byte)',', .. json, (byte)']'] : json;
    }

    /// <summary>Few ids, so that resends, conflicts, cancels and amendments meet in every order.</summary>
    private static Arrival Any(Random random)
    {
        if (random.Next(40) == 0)
        {
            var payload = Payload(random, random.Next(49));
            var reading = ReadCloudEvent.One(payload);
            return new()
            {
                Original = payload,
                Via = UsageVia.Http,
                Event = reading.Event,
                Refusal = reading.Refusal,
                Source = reading.Source,
                Id = reading.Id,
            };
        }

        string Id() => $"e{random.Next(700)}";
        var (id, kind) = (Id(), random.Next(8));
        return Arrival(Event(
            id,
            source: $"s{random.Next(2)}",
            type: random.Next(12) == 0 ? "unknown" : "api.request",
            subject: random.Next(25) == 0 ? "nobody" : "acme",
            time: random.Next(30) == 0 ? "2020-01-01T00:00:00Z" : "2026-03-14T11:00:00Z",
            data: random.Next(10) == 0 ? new { n = 1 } : null,
            cancels: kind == 0 ? Id() : null,
            amends: kind == 1 ? Id() : null));
    }
}
