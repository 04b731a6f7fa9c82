using System.Text;
using System.Text.Json;
using Billing.LocalTools;
using Billing.Samples.Feeding;
using Billing.Samples.Files;

namespace Billing.Samples.Tests;

/// <summary>What a file says is what goes to Kafka.</summary>
public class UsageFileTests
{
    private string path = null!;

    [SetUp]
    public void MakeFile() => path = Path.GetTempFileName();

    [TearDown]
    public void RemoveFile() => File.Delete(path);

    [Test]
    public void a_csv_line_becomes_a_cloud_event()
    {
        var sent = Read(
            "id,source,type,subject,time,data.bytes,region,billingcancels\r\n"
            + "2026-03-14/1,/checkout,api.request,acme,2026-03-14T09:26:53Z,1482,\"eu, \"\"west\"\"\n1\",\r\n").Single();

        sent.Tenant.ShouldBe("acme");
        Encoding.UTF8.GetString(sent.Body).ShouldBe(
            """
            {"specversion":"1.0","id":"2026-03-14/1","source":"/checkout","type":"api.request","subject":"acme",
            "time":"2026-03-14T09:26:53Z","data":{"bytes":"1482","region":"eu, \"west\"\n1"}}
            """.ReplaceLineEndings(""));
    }

    [Test]
    public void one_source_may_be_named_for_all_lines()
    {
        const string Csv = "id,type,subject,time\n1,a,t,2026-03-14T09:26:53Z\n\n2,a,t,2026-03-14T09:26:53Z";

        Read(Csv, "/given").Select(one => Json(one).GetProperty("source").GetString()).ShouldBe(["/given", "/given"]);
        Should.Throw<PreparationFailed>(() => Read(Csv)).Message.ShouldContain("--source");
    }

    [TestCase("id,subject,time,source\n", "no column type")]
    [TestCase("id,type,subject,time,source\n1,2\n", "line 2 has 2 fields and the header 5")]
    [TestCase("id,type,subject,time,source,id\n", "column id comes twice")]
    [TestCase("id,type,subject,time,source\n\"1,2", "line 2: a quote is never closed")]
    [TestCase("{\"subject\":\"t\"}\nnonsense\n", "line 2 is no JSON")]
    [TestCase("[{},", "not a JSON array")]
    [TestCase("  \n", "is empty")]
    public void what_is_wrong_with_a_file_is_said(string text, string why) =>
        Should.Throw<PreparationFailed>(() => Read(text)).Message.ShouldContain(why);

    [Test]
    public void events_in_json_are_passed_on_as_they_are_one_a_line_or_in_an_array()
    {
        string[] events = ["""{"id":"1","subject":"acme"}""", """{"id":"2"}"""];

        foreach (var text in (string[])[string.Join('\n', events), $"\n[{string.Join(",\n", events)}]"])
        {
            var sent = Read(text);
            sent.Select(one => Encoding.UTF8.GetString(one.Body)).ShouldBe(events);
            sent.Select(one => one.Tenant).ShouldBe(["acme", ""]);
        }
    }

    private List<UsageMessage> Read(string text, string? source = null)
    {
        File.WriteAllText(path, text);
        return [.. UsageFile.Read(path, source)];
    }

    private static JsonElement Json(UsageMessage message) => JsonDocument.Parse(message.Body).RootElement;
}
