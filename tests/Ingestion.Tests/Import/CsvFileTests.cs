using System.Text;
using System.Text.Json;
using Billing.Ingestion.Import;
using Billing.ServiceDefaults.Database.Paging;

namespace Billing.Ingestion.Tests.Import;

public class CsvFileTests
{
    private const string Header = "id,source,type,subject,time";

    [Test]
    public async Task a_line_becomes_a_cloud_event() =>
        (await Read($"{Header},sequence,bytes,region,data.type\n"
            + "1,/shop,t,acme,2026-01-01T00:00:00Z,7,0.10,eu,\"a, \"\"b\"\"\"\n"))
            .Single().Text.ShouldBe(
                """
                {"specversion":"1.0","id":"1","source":"/shop","type":"t","subject":"acme",
                "time":"2026-01-01T00:00:00Z","sequence":"7","datacontenttype":"application/json",
                "data":{"bytes":"0.10","region":"eu","type":"a, \"b\""}}
                """.ReplaceLineEndings(""));

    [Test]
    public async Task an_empty_field_is_not_there() =>
        JsonSerializer.Deserialize<JsonElement>((await Read(
            $"{Header},sequence,bytes\n1,/shop,t,acme,2026-01-01T00:00:00Z,,\n")).Single().Text)
            .EnumerateObject().Select(part => part.Name)
            .ShouldBe(["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"]);

    [TestCase("\n")]
    [TestCase("\r\n")]
    public async Task lines_are_counted_as_an_editor_does(string end)
    {
        var lines = await Read(string.Join(end,
            "﻿" + Header, "1,s,t,a,x", "", "2,s,t,\"a", "b\",x", "3,s,t,a,x", "4,s,t,a",
            "5,s,t,a,x,y", "6,s,t,a,x"));

        lines.Select(line => (line.Number, line.Error)).ShouldBe(
        [
            (2, null), (4, null), (6, null), (7, "It has 4 fields, the header has 5."),
            (8, "It has 6 fields, the header has 5."), (9, null),
        ]);
    }

    [Test]
    public async Task wrong_quotes_spoil_their_line_and_no_other()
    {
        var lines = await Read($"{Header}\n1,s,t,a,x\n2,s,t,a\"b,x\n3,s,t,\"a\"b,x\n4,s,t,a,x\n");

        lines.Where(line => line.Error is null).Select(line => line.Number).ShouldBe([2, 5]);
        lines.Where(line => line.Error is not null).Select(line => (line.Number, line.Error)).ShouldBe(
        [
            (3, "A quote stands inside a field that has none around it."),
            (4, "Something follows a closing quote."),
        ]);
    }

    [Test]
    public async Task what_is_not_UTF_8_is_said_to_be()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes($"{Header}\n1,s,t,a,"), 0xC3, 0x28, .. "\n2,s,t,a,x\n"u8];

        (await Read(new MemoryStream(bytes))).Select(line => line.Error).ShouldBe(["It is not UTF-8.", null]);
    }

    [Test]
    public async Task a_quote_that_is_never_closed_ends_the_file_and_not_the_memory()
    {
        var endless = new Endless(Encoding.UTF8.GetBytes($"{Header}\n1,s,t,a,x\n2,s,\""), "x,\n"u8.ToArray());
        var read = new List<CsvLine>();

        var refused = await Should.ThrowAsync<RefusedRequestException>(async () =>
        {
            await using var file = await CsvFile.Open(endless, null, default);
            await foreach (var line in file.Lines(default)) read.Add(line);
        });

        read.Count.ShouldBe(1);
        refused.Message.ShouldStartWith("Line 3 has more than 262144 bytes");
        endless.Given.ShouldBeLessThan(2 * 1024 * 1024);
    }

    [TestCase("", "The header has no column 'id'.")]
    [TestCase("id,type,subject\n", "The header has no column 'time'.")]
    [TestCase("id,type,subject,time\n", "one of the two")]
    [TestCase("id,source,type,subject,time,id\n", "The column 'id' comes twice.")]
    [TestCase("id,source,type,subject,time,x,data.x\n", "The column 'x' comes twice.")]
    [TestCase("id,source,type,subject,time,\n", "A column has no name")]
    [TestCase("id,source,type,subject,time, x\n", "A column has no name")]
    [TestCase("id;source;type;subject;time\n", "The header has no column 'id'.")]
    [TestCase("id,source,type,subject,\"time\n", "header")]
    public async Task a_header_that_says_too_little_is_refused(string file, string why) =>
        (await Should.ThrowAsync<RefusedRequestException>(() => Read(file))).Message.ShouldContain(why);

    [Test]
    public async Task a_source_may_stand_beside_the_file()
    {
        var line = (await Read("id,type,subject,time\n1,t,a,x\n", "/shop")).Single();
        JsonSerializer.Deserialize<JsonElement>(line.Text)
            .GetProperty("source").GetString().ShouldBe("/shop");
        await Should.ThrowAsync<RefusedRequestException>(() => Read($"{Header}\n", "/shop"));
    }

    [Test]
    public async Task a_long_file_takes_little_memory()
    {
        var line = Encoding.UTF8.GetBytes("1,s,t,a,2026-01-01T00:00:00Z\n");
        var endless = new Endless(Encoding.UTF8.GetBytes(Header + "\n"), line);
        await using var file = await CsvFile.Open(endless, null, default);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var count = 0;
        await foreach (var _ in file.Lines(default))
            if (++count == 300_000) break;

        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(2 * 1024 * 1024);
    }

    private static Task<List<Line>> Read(string file, string? source = null) =>
        Read(new MemoryStream(Encoding.UTF8.GetBytes(file)), source);

    private static async Task<List<Line>> Read(Stream bytes, string? source = null)
    {
        await using var file = await CsvFile.Open(bytes, source, default);
        var lines = new List<Line>();
        await foreach (var line in file.Lines(default))
            lines.Add(new((int)line.Line, line.Error, Encoding.UTF8.GetString(line.Event.Span)));
        return lines;
    }

    private sealed record Line(int Number, string? Error, string Text);

    /// <summary>A beginning, then the same for ever.</summary>
    private sealed class Endless(byte[] beginning, byte[] again) : MemoryStream
    {
        private int _place;

        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var at = 0; at < buffer.Length; at++, _place++)
                buffer.Span[at] = _place < beginning.Length
                    ? beginning[_place]
                    : again[(_place - beginning.Length) % again.Length];
            Given += buffer.Length;
            return new(buffer.Length);
        }
    }
}
