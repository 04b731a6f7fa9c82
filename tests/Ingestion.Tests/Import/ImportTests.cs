using System.Globalization;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Billing.Ingestion.Import;
using Billing.Testbed;

namespace Billing.Ingestion.Tests.Import;

[Parallelizable(ParallelScope.Self)]
public class ImportTests
{
    private const string Header = "id,source,type,subject,time,bytes\n";

    // Once: lines that are to be the same are so beyond midnight as well.
    private static readonly string Yesterday =
        DateTimeOffset.UtcNow.AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private EdgeService _service = null!;
    private string _ops = null!, _key = null!;

    [OneTimeSetUp]
    public async Task Up()
    {
        _service = await EdgeService.Start();
        await _service.KnowSome();
        _ops = _service.Token("ops");
        _key = await _service.Key("/shop", "/other");
    }

    [OneTimeTearDown]
    public async Task Down() => await _service.DisposeAsync();

    [Test]
    public async Task a_file_is_taken_line_by_line_and_sent_again_changes_nothing()
    {
        var file = Header
            + Line("a1") + Line("a2") + Line("a1") + Line("a1", bytes: "999")
            + Line("a3", tenant: "nobody-knows") + Line("a4", bytes: "many") + "broken\n"
            + Line("a5", type: "none");

        var (status, first) = await _service.Upload(file, _ops);
        var (_, second) = await _service.Upload(file, _ops);

        status.ShouldBe(200);
        Counts(first).ShouldBe("8 lines: 2 accepted, 2 unmatched, 1 duplicate, 1 conflict, 1 rejected, 1 other");
        Counts(second).ShouldBe("8 lines: 0 accepted, 0 unmatched, 5 duplicate, 1 conflict, 1 rejected, 1 other");
        first.GetProperty("state").GetString().ShouldBe("done");
        first.GetProperty("errors").EnumerateArray()
            .Select(error => $"{error.GetProperty("line")} {error.GetProperty("code")}")
            .ShouldBe(["5 conflict", "6 unknown-tenant", "7 not-a-number", "8 not-csv", "9 no-meter"]);
        (await _service.Database.Ask<long>(_service.Database.Staff,
            "select count(*) from usage_originals where id in ('a1', 'a2', 'a3', 'a4', 'a5') and via = 4"))
            .ShouldBe(4);
        (await _service.Ask($"{ImportUsage.Route}/{first.GetProperty("id")}", _ops)).Json.GetRawText()
            .ShouldBe(first.GetRawText());
    }

    [Test]
    public async Task a_dry_run_tells_the_same_and_keeps_nothing()
    {
        var file = Header + Line("d1") + Line("d2", bytes: "-") + "broken\n";

        var (_, dry) = await _service.Upload(file, _ops, "?dryRun=true");
        var (_, wet) = await _service.Upload(file, _ops);

        Counts(dry).ShouldBe("3 lines: 1 accepted, 0 unmatched, 0 duplicate, 0 conflict, 1 rejected, 1 other");
        Counts(wet).ShouldBe(Counts(dry));
        dry.GetProperty("isDryRun").GetBoolean().ShouldBeTrue();
    }

    [Test]
    public async Task a_dry_run_does_not_even_learn_a_source()
    {
        var file = Header + Line("n1", source: "/never-seen");

        Counts((await _service.Upload(file, _ops, "?dryRun=true")).Json).ShouldStartWith("1 lines: 1 accepted");
        (await Known()).ShouldBe(0);
        Counts((await _service.Upload(file, _ops)).Json).ShouldStartWith("1 lines: 1 accepted");
        (await Known()).ShouldBe(1);

        Task<long> Known() => _service.Database.Ask<long>(
            _service.Database.Staff, "select count(*) from usage_sources where name = '/never-seen'");
    }

    [Test]
    public async Task a_key_speaks_for_its_own_sources_and_sees_its_own_imports()
    {
        var file = Header + Line("k1") + Line("k2", source: "/foreign");
        var foreign = await _service.Upload(Header + Line("k3"), _ops);

        var (_, report) = await _service.Upload(file, _key);

        Counts(report).ShouldBe("2 lines: 1 accepted, 0 unmatched, 0 duplicate, 0 conflict, 0 rejected, 1 other");
        report.GetProperty("errors")[0].GetProperty("code").GetString().ShouldBe("source-forbidden");
        (await _service.Database.Ask<long>(_service.Database.Staff,
            "select count(*) from usage_counts c join usage_sources s on s.id = c.source_id "
            + "where name = '/foreign'"))
            .ShouldBe(0);
        (await _service.Ask($"{ImportUsage.Route}/{report.GetProperty("id")}", _key)).Status.ShouldBe(200);
        (await _service.Ask($"{ImportUsage.Route}/{foreign.Json.GetProperty("id")}", _key)).Status
            .ShouldBe(404);
        (await _service.Ask(ImportUsage.Route, _key)).Json.GetProperty("items").EnumerateArray()
            .ShouldAllBe(import => import.GetProperty("askedBy").GetString() == "shop");
        (await _service.Ask($"{ImportUsage.Route}?limit=1", _ops)).Json.GetProperty("nextCursor").GetString()
            .ShouldNotBeNull();
    }

    [TestCase("tenant", 403)]
    [TestCase("finance", 403)]
    [TestCase(null, 401)]
    public async Task others_may_not(string? role, int status) =>
        (await _service.Upload(Header, role is null ? null
            : _service.Token(role, role == "tenant" ? "acme" : null))).Status.ShouldBe(status);

    [Test]
    public async Task what_is_no_CSV_is_refused()
    {
        (await _service.Upload("", _ops)).Status.ShouldBe(400);
        (await _service.Upload("a,b\n1,2\n", _ops)).Json.GetProperty("detail").GetString()
            .ShouldBe("The header has no column 'id'.");
        (await _service.Upload(new StringContent("{}", Encoding.UTF8, "application/json"), _ops)).Status
            .ShouldBe(415);
        (await _service.Upload(Header, _ops, "?dryRun=perhaps")).Status.ShouldBe(400);
    }

    [Test]
    public async Task a_file_that_breaks_off_is_taken_up_to_there_and_says_so()
    {
        var id = Guid.NewGuid();
        var file = Header + Line("b1") + Line("b2") + "b3,\"" + new string('x', 300_000);

        var (status, report) = await _service.Upload(file, _ops, $"?id={id}");

        status.ShouldBe(200);
        report.GetProperty("state").GetString().ShouldBe("failed");
        report.GetProperty("failure").GetString()!.ShouldStartWith("Line 4 has more than");
        Counts(report).ShouldStartWith("2 lines: 2 accepted");
        (await _service.Upload(Header, _ops, $"?id={id}")).Status.ShouldBe(409);
    }

    [Test]
    public async Task progress_is_seen_while_the_file_is_sent_and_a_lost_connection_loses_nothing()
    {
        var id = Guid.NewGuid();
        var pipe = new Pipe();
        using var lost = new CancellationTokenSource();
        var content = new StreamContent(pipe.Reader.AsStream());
        content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{ImportUsage.Route}?id={id}")
        {
            Content = content,
        };
        request.Headers.Authorization = new("Bearer", _ops);
        request.Headers.TransferEncodingChunked = true;
        var upload = _service.Client.SendAsync(request, lost.Token);

        var lines = string.Concat(Enumerable.Range(0, 1_100).Select(one => Line($"p{one}")));
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Header + lines));
        await Eventually.Is(async () =>
            (await _service.Ask($"{ImportUsage.Route}/{id}", _ops)) is { Status: 200 } seen
            && seen.Json.GetProperty("lines").GetInt64() == 1_000
            && seen.Json.GetProperty("state").GetString() == "running");
        await lost.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(upload);

        await Eventually.Is(async () => (await _service.Ask($"{ImportUsage.Route}/{id}", _ops)).Json
            .GetProperty("state").GetString() == "failed");
        var (_, report) = await _service.Ask($"{ImportUsage.Route}/{id}", _ops);
        report.GetProperty("failure").GetString().ShouldBe("The file ended early: the connection was lost.");
        report.GetProperty("accepted").GetInt64().ShouldBeInRange(1_000, 1_100);
        var (_, again) = await _service.Upload(Header + lines, _ops);
        (report.GetProperty("accepted").GetInt64() + again.GetProperty("accepted").GetInt64())
            .ShouldBe(1_100);
    }

    [Test]
    public async Task fifty_thousand_lines_add_up()
    {
        var many = TestSize.Full ? 50_000 : 5_000;
        var file = new StringBuilder(Header);
        for (var one = 0; one < many; one++)
            file.Append(one % 10 == 9 ? Line($"m{one - 1}") : Line($"m{one}"));

        var (_, report) = await _service.Upload(file.ToString(), _ops);

        Counts(report).ShouldBe(string.Create(CultureInfo.InvariantCulture,
            $"{many} lines: {many / 10 * 9} accepted, 0 unmatched, {many / 10} duplicate, 0 conflict, ")
            + "0 rejected, 0 other");
    }

    private static string Line(
        string id, string source = "/shop", string type = "storage", string tenant = "acme",
        string bytes = "1024") =>
        $"{id},{source},{type},{tenant},{Yesterday}T00:00:00Z,{bytes}\n";

    private static string Counts(JsonElement report) =>
        $"{report.GetProperty("lines")} lines: {report.GetProperty("accepted")} accepted, "
        + $"{report.GetProperty("unmatched")} unmatched, {report.GetProperty("duplicate")} duplicate, "
        + $"{report.GetProperty("conflict")} conflict, {report.GetProperty("rejected")} rejected, "
        + $"{report.GetProperty("unreadable")} other";
}
