using System.Text;
using Billing.Ingestion.Usage;
using Billing.Ingestion.Usage.Reading;

namespace Billing.Ingestion.Tests.Usage.Reading;

/// <summary>Structured CloudEvents: what is one, and what exactly is wrong with what is none.</summary>
public class ReadCloudEventTests
{
    private const string Minimal =
        """
        "specversion":"1.0","id":"e","source":"s","type":"t","subject":"acme","time":"2026-03-14T12:00:00Z"
        """;

    [Test]
    public void every_attribute_arrives()
    {
        var usage = Read(
            """
            { "specversion": "1.0", "id": "req-1", "source": "//platform/gateway", "type": "api.request",
              "subject": "acme", "time": "2026-03-14T13:00:00.1234567+01:00", "datacontenttype": "application/json",
              "dataschema": "https://schemas.test/1", "sequence": "0042", "traceparent": "00-x", "retries": 3,
              "data": { "tokens": 1.50e3, "model": "small", "cached": true, "note": "a\u00e9\n".x } }
            """.Replace("\\n\".x", "\"", StringComparison.Ordinal)).Event.ShouldNotBeNull();

        (usage.Source, usage.Id, usage.Type, usage.Tenant.ToString(), usage.Sequence, usage.Change)
            .ShouldBe(("//platform/gateway", "req-1", "api.request", "acme", 42L, null));
        usage.UsedAt.ShouldBe(new DateTimeOffset(2026, 3, 14, 12, 0, 0, TimeSpan.Zero).AddMicroseconds(123456));
        usage.Properties.ShouldBe(
        [
            new("cached", "true"), new("model", "small"), new("note", "aé"), new("tokens", "1500"),
        ]);
    }

    [TestCase("", "empty")]
    [TestCase(" ", "not-json")]
    [TestCase("{", "not-json")]
    [TestCase("{} {}", "not-json")]
    [TestCase("[]", "not-an-object")]
    [TestCase("null", "not-an-object")]
    [TestCase("{}", "not-a-cloud-event")]
    [TestCase("""{"specversion":"0.3","id":"e","source":"s"}""", "not-a-cloud-event")]
    [TestCase("""{"specversion":1.0,"id":"e","source":"s"}""", "not-a-cloud-event")]
    [TestCase("""{"specversion":"1.0","source":"s"}""", "id-invalid")]
    [TestCase("""{"specversion":"1.0","id":"","source":"s"}""", "id-invalid")]
    [TestCase("""{"specversion":"1.0","id":5,"source":"s"}""", "id-invalid")]
    [TestCase("""{"specversion":"1.0","id":"e"}""", "source-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a\u0001","source":"s"}""", "id-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a\u0085","source":"s"}""", "id-invalid")]
    [TestCase("""{"specversion":"1.0","id":"\ud800","source":"s"}""", "id-invalid")]
    [TestCase("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "not-an-object")]
    public void what_names_no_event_is_unreadable(string json, string code)
    {
        var refusal = Read(json).Refusal.ShouldNotBeNull();

        (refusal.Code, refusal.IsUnreadable).ShouldBe((code, true));
    }

    [TestCase(""" "type":"" """, "type-invalid")]
    [TestCase(""" "type":null """, "type-invalid")]
    [TestCase(""" "subject":"a b" """, "subject-invalid")]
    [TestCase(""" "subject":"a/b" """, "subject-invalid")]
    [TestCase(""" "subject":7 """, "subject-invalid")]
    [TestCase(""" "time":"yesterday" """, "time-invalid")]
    [TestCase(""" "time":1710000000 """, "time-invalid")]
    [TestCase(""" "time":null """, "time-missing")]
    [TestCase(""" "source":"quota_exceeded" """, "source-reserved")]
    public void a_wrong_attribute_is_named(string attribute, string code)
    {
        var name = attribute.Split('"')[1];
        var others = Minimal.Trim().Split(',').Where(part => !part.StartsWith($"\"{name}\"", StringComparison.Ordinal));

        Read($"{{{string.Join(',', others)},{attribute}}}").Refusal?.Code.ShouldBe(code);
    }

    [TestCase(""" "data":7 """, "data-invalid")]
    [TestCase(""" "data":[1] """, "data-invalid")]
    [TestCase(""" "data":"{}" """, "data-invalid")]
    [TestCase(""" "data_base64":"e30=" """, "data-is-bytes")]
    [TestCase(""" "data":{"a":{}} """, "too-deep")]
    [TestCase(""" "data":{"a":[1]} """, "too-deep")]
    [TestCase(""" "data":{"a":null} """, "property-type-invalid")]
    [TestCase(""" "data":{"a":1,"b":2,"a":1} """, "duplicate-name")]
    [TestCase(""" "data":{"a":1,"\u0061":1} """, "duplicate-name")]
    [TestCase(""" "data":{}, "data":{} """, "duplicate-name")]
    [TestCase(""" "id":"e" """, "duplicate-name")]
    [TestCase(""" "\u0069d":"e" """, "duplicate-name")]
    [TestCase(""" "ext":"1","ext":"1" """, "duplicate-name")]
    [TestCase(""" "ext":null,"ext":"1" """, "duplicate-name")]
    [TestCase(""" "data":{"":1} """, "property-name-invalid")]
    [TestCase(""" "data":{"a b":1} """, "property-name-invalid")]
    [TestCase(""" "data":{"a":"\u0000"} """, "property-text-invalid")]
    [TestCase(""" "data":{"a":"\udc00"} """, "property-text-invalid")]
    [TestCase(""" "data":{"a":1e101} """, "number-invalid")]
    [TestCase(""" "data":{"a":1e-19} """, "number-invalid")]
    [TestCase(""" "data":{"a":1e30} """, "number-invalid")]
    [TestCase(""" "Ext":"1" """, "attribute-invalid")]
    [TestCase(""" "ex_t":"1" """, "attribute-invalid")]
    [TestCase(""" "ext":{} """, "attribute-invalid")]
    [TestCase(""" "ext":1.5 """, "attribute-invalid")]
    [TestCase(""" "sequence":"" """, "sequence-invalid")]
    [TestCase(""" "datacontenttype":"text/xml" """, "datacontenttype-invalid")]
    [TestCase(""" "billingcancels":"" """, "change-invalid")]
    [TestCase(""" "billingcancels":"x","billingamends":"x" """, "change-invalid")]
    [TestCase(""" "billingcancels":"e" """, "changes-itself")]
    public void a_named_event_is_refused_with_its_name(string rest, string code)
    {
        var reading = Read($"{{{Minimal},{rest}}}");

        reading.Event.ShouldBeNull();
        (reading.Refusal!.Code, reading.Source, reading.Id).ShouldBe((code, "s", "e"));
        reading.Refusal.IsUnreadable.ShouldBeFalse();
    }

    [TestCase(""" "sequence":"9f-uuid" """)]
    [TestCase(""" "sequence":99999999999999999999999 """)]
    [TestCase(""" "sequence":"99999999999999999999999" """)]
    public void a_numbering_of_another_kind_is_none(string sequence)
    {
        if (sequence.Contains(":9", StringComparison.Ordinal))
            Read($"{{{Minimal},{sequence}}}").Refusal!.Code.ShouldBe("sequence-invalid");
        else Read($"{{{Minimal},{sequence}}}").Event!.Sequence.ShouldBeNull();
    }

    [Test]
    public void a_cancel_needs_no_time_and_no_data()
    {
        var usage = Read(
            """{"specversion":"1.0","id":"c","source":"s","type":"t","subject":"acme","billingcancels":"e"}""").Event!;

        (usage.Change, usage.UsedAt).ShouldBe((new UsageChange("e", IsCancel: true), null));
    }

    [Test]
    public void bytes_that_are_no_UTF8_and_sizes_beyond_the_bounds_are_refused()
    {
        ReadCloudEvent.One([(byte)'"', 0xff, (byte)'"']).Refusal.ShouldBe(Refusal.NotJson);
        Read($"{{{Minimal},\"data\":{{\"a\":\"{new string('x', 70_000)}\"}}}}").Refusal.ShouldBe(Refusal.TooLarge);
        Read($"{{{Minimal},\"data\":{{\"a\":\"{new string('x', 1_025)}\"}}}}").Refusal
            .ShouldBe(Refusal.PropertyTextInvalid);
        Read($"{{{Minimal},\"data\":{{\"a\":\"{new string('é', 1_024)}\"}}}}").Refusal.ShouldBeNull();
        Read($"{{{Minimal},\"data\":{{{string.Join(',', Enumerable.Range(0, 65).Select(n => $"\"p{n}\":1"))}}}}}")
            .Refusal.ShouldBe(Refusal.TooManyProperties);
        Read($"{{{Minimal},\"data\":{string.Concat(Enumerable.Repeat("{\"a\":", 80))}1{new string('}', 80)}}}")
            .Refusal!.Code.ShouldBe("too-deep");
        Read(Minimal.Replace("\"e\"", $"\"{new string('e', 257)}\"", StringComparison.Ordinal).Insert(0, "{") + "}")
            .Refusal.ShouldBe(Refusal.IdInvalid);
    }

    [Test]
    public void a_batch_is_read_item_by_item_with_the_bytes_of_each()
    {
        var json = Encoding.UTF8.GetBytes(
            $"[ {{{Minimal}}} , {{\"id\":7}},{{{Minimal},\"data\":{{\"a\":[[1]]}}}},{{{Minimal.Replace("\"e\"", "\"é\"")}}}]");
        var readings = new List<UsageReading>();

        ReadCloudEvent.Batch(json, readings).ShouldBeNull();

        readings.Select(reading => reading.Refusal?.Code).ShouldBe([null, "not-a-cloud-event", "too-deep", null]);
        readings.Select(reading => Encoding.UTF8.GetString(json, reading.Start, reading.Length))
            .ShouldAllBe(item => item.StartsWith('{') && item.EndsWith('}'));
        Encoding.UTF8.GetString(json, readings[1].Start, readings[1].Length).ShouldBe("{\"id\":7}");
        readings[3].Id.ShouldBe("é");
    }

    [TestCase("[]")]
    [TestCase("[7]")]
    [TestCase("[[]]")]
    [TestCase("{}")]
    public void what_is_no_list_of_events_is_no_batch(string json) =>
        ReadCloudEvent.Batch(Encoding.UTF8.GetBytes(json), []).ShouldBe(Refusal.NotABatch);

    [Test]
    public void a_batch_has_at_most_a_thousand()
    {
        string Batch(int count) => $"[{string.Join(',', Enumerable.Repeat("{}", count))}]";

        ReadCloudEvent.Batch(Encoding.UTF8.GetBytes(Batch(1_000)), []).ShouldBeNull();
        ReadCloudEvent.Batch(Encoding.UTF8.GetBytes(Batch(1_001)), []).ShouldBe(Refusal.NotABatch);
        ReadCloudEvent.Batch("[{},"u8, []).ShouldBe(Refusal.NotJson);
    }

    [Test]
    public void codes_are_words_and_sentences_are_sentences()
    {
        Refusal.All.Count.ShouldBeGreaterThan(40);
        foreach (var refusal in Refusal.All)
        {
            refusal.Code.ShouldMatch("^[a-z0-9]+(-[a-z0-9]+)*$");
            (refusal.Detail.EndsWith('.') || refusal.Detail.EndsWith('@')).ShouldBeTrue(refusal.Detail);
        }
    }

    private static UsageReading Read(string json) => ReadCloudEvent.One(Encoding.UTF8.GetBytes(json));
}
