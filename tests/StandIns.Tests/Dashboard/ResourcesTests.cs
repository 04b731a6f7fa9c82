using System.Net;
using Aspire.Hosting.Dashboard;
using Billing.Testbed;

namespace Billing.StandIns.Tests.Dashboard;

public class ResourcesTests
{
    private RunningDashboard _dashboard = null!;

    [SetUp]
    public async Task Start() => _dashboard = await RunningDashboard.Start();

    [TearDown]
    public async Task Stop() => await _dashboard.DisposeAsync();

    [Test]
    public async Task a_resource_is_shown_as_it_is()
    {
        _dashboard.Resources.Set(FakeResources.Service("ledger") with { Health = "Unhealthy", HealthDetail = "database: not migrated", Restarts = 2 });

        var ledger = (await _dashboard.Get("/api/resources")).GetProperty("resources")[0];
        ledger.GetProperty("name").GetString().ShouldBe("ledger");
        ledger.GetProperty("state").GetString().ShouldBe("Running");
        ledger.GetProperty("healthDetail").GetString().ShouldBe("database: not migrated");
        ledger.GetProperty("endpoints")[0].GetProperty("url").GetString().ShouldBe("http://localhost:5100");
        ledger.GetProperty("processId").GetInt32().ShouldBe(4711);
        ledger.GetProperty("restarts").GetInt32().ShouldBe(2);
        ledger.GetProperty("waitsFor")[0].GetString().ShouldBe("postgres");
        ledger.GetProperty("startedAt").GetInt64().ShouldBe(20_000L * 24 * 3_600_000);
    }

    [Test]
    public async Task no_secret_leaves_the_process()
    {
        _dashboard.Resources.Set(FakeResources.Service("ledger") with
        {
            Environment =
            [
                new("Stripe__Key", "sk_live_0001", IsSecret: true),
                new("POSTGRES_PASSWORD", "hunter0002", IsSecret: false),
                new("OTEL_EXPORTER_OTLP_HEADERS", "x-otlp-api-key=otlp0003", IsSecret: false),
                new("ConnectionStrings__ledger", "Host=localhost;Username=ledger;Password=hunter0004;Timeout=5", IsSecret: false),
                new("PROXY", "http://user:hunter0005@localhost:3128/", IsSecret: false),
                new("ASPNETCORE_URLS", "http://localhost:5100", IsSecret: false),
            ],
            Command = "dotnet ledger.dll --key sk_live_0001 --password=hunter0006",
            HealthDetail = "cannot log in with hunter0002",
            Endpoints = [new("db", "postgres://ledger:hunter0007@localhost:5432")],
        });

        using var answer = await _dashboard.Page.GetAsync(new Uri("/api/resources", UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        foreach (var secret in new[] { "sk_live", "hunter", "otlp0003" }) text.ShouldNotContain(secret);

        var environment = (await _dashboard.Get("/api/resources")).GetProperty("resources")[0].GetProperty("environment").EnumerateArray()
            .ToDictionary(one => one.GetProperty("name").GetString()!, one => (one.GetProperty("value").GetString(), one.GetProperty("isSecret").GetBoolean()));
        environment["Stripe__Key"].ShouldBe((SecretMask.Dots, true));
        environment["ConnectionStrings__ledger"].ShouldBe(($"Host=localhost;Username=ledger;Password={SecretMask.Dots};Timeout=5", true));
        environment["PROXY"].Item1.ShouldBe($"http://user:{SecretMask.Dots}@localhost:3128/");
        environment["ASPNETCORE_URLS"].ShouldBe(("http://localhost:5100", false));
    }

    [Test]
    public async Task a_button_works_only_while_it_is_offered()
    {
        _dashboard.Resources.Set(FakeResources.Service("ledger"));

        (await Press("ledger", "restart")).ShouldBe(HttpStatusCode.NoContent);
        (await Press("ledger", "start")).ShouldBe(HttpStatusCode.Conflict);
        (await Press("nobody", "start")).ShouldBe(HttpStatusCode.NotFound);
        _dashboard.Resources.Failure = new InvalidOperationException("It does not stop.");
        (await Press("ledger", "stop")).ShouldBe(HttpStatusCode.InternalServerError);
        _dashboard.Resources.Executed.ShouldBe([("ledger", "restart")]);
    }

    [Test]
    public async Task the_last_error_of_a_dead_process_is_its_last_words()
    {
        _dashboard.Resources.Set(FakeResources.Service("ledger", "Exited") with { ExitCode = 134, ProcessId = null });
        _dashboard.Resources.Write("ledger", "starting");
        _dashboard.Resources.Write("ledger", "Unhandled exception: Password=hunter2;", isError: true);
        _dashboard.Resources.Write("ledger", "stopping");

        var error = (await _dashboard.Get("/api/resources")).GetProperty("resources")[0].GetProperty("lastError");
        error.GetProperty("text").GetString().ShouldBe($"Unhandled exception: Password={SecretMask.Dots};");
    }

    [Test]
    public async Task the_last_error_of_a_service_is_the_one_it_logged()
    {
        _dashboard.Resources.Set(FakeResources.Service("ledger"));
        using var sent = await _dashboard.Otlp.PostAsync(
            new Uri("/v1/logs", UriKind.Relative), Wire.Content(Wire.Request("ledger", Wire.Log("first", 17), Wire.Log("fine"), Wire.Log("second", 17))));
        sent.StatusCode.ShouldBe(HttpStatusCode.OK);

        var ledger = (await _dashboard.Get("/api/resources")).GetProperty("resources")[0];
        ledger.GetProperty("errors").GetInt32().ShouldBe(2);
        ledger.GetProperty("lastError").GetProperty("text").GetString().ShouldBe("second");
    }

    [Test]
    public async Task console_lines_are_read_on_from_the_last_number_and_downloaded_whole()
    {
        _dashboard.Resources.Set(FakeResources.Service("ledger"));
        for (var i = 1; i <= 2_500; i++) _dashboard.Resources.Write("ledger", $"line {i}", isError: i % 2 == 0);

        var lines = (await _dashboard.Get("/api/resources/ledger/console?after=2498")).GetProperty("lines");
        lines.EnumerateArray().Select(line => line.GetProperty("text").GetString()).ShouldBe(["line 2499", "line 2500"]);
        lines[1].GetProperty("isError").GetBoolean().ShouldBeTrue();

        using var file = await _dashboard.Page.GetAsync(new Uri("/api/resources/ledger/console.txt", UriKind.Relative));
        file.Content.Headers.ContentDisposition!.FileName.ShouldBe("ledger.log");
        (await file.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2_500);
    }

    [Test]
    public async Task the_live_stream_tells_of_resources_telemetry_and_console_lines()
    {
        _dashboard.Resources.Set(FakeResources.Service("ledger"));
        _dashboard.Resources.Write("ledger", "first");
        using var limit = new CancellationTokenSource(Eventually.Patience);
        await using var stream = await _dashboard.Page.GetStreamAsync(new Uri("/api/live?console=ledger", UriKind.Relative), limit.Token);
        using var reader = new StreamReader(stream);

        await Until(reader, "hello", "billing", limit.Token);
        await Until(reader, "resources", "ledger", limit.Token);
        await Until(reader, "console", "first", limit.Token);
        _dashboard.Resources.Write("ledger", "second");
        await Until(reader, "console", "second", limit.Token);
        _dashboard.Resources.Set(FakeResources.Service("pricing"));
        await Until(reader, "resources", "pricing", limit.Token);
        using var sent = await _dashboard.Otlp.PostAsync(
            new Uri("/v1/logs", UriKind.Relative), Wire.Content(Wire.Request("ledger", Wire.Log("news"))), limit.Token);
        await Until(reader, "counts", "\"kept\":1", limit.Token);
    }

    [Test]
    public async Task an_open_stream_does_not_hold_up_the_end()
    {
        await using var stream = await _dashboard.Page.GetStreamAsync(new Uri("/api/live", UriKind.Relative));
        using var reader = new StreamReader(stream);
        await Until(reader, "hello", "billing", CancellationToken.None);

        // Half a minute is what a host waits for its requests if nobody says otherwise.
        await _dashboard.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(25));
    }

    private async Task<HttpStatusCode> Press(string resource, string command)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/api/resources/{resource}/{command}", UriKind.Relative));
        request.Headers.Add("Origin", _dashboard.Addresses.Frontend.GetLeftPart(UriPartial.Authority));
        using var answer = await _dashboard.Page.SendAsync(request);
        return answer.StatusCode;
    }

    private static async Task Until(StreamReader reader, string name, string content, CancellationToken cancellation)
    {
        var current = "";
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal)) current = line["event: ".Length..];
            if (current == name && line.StartsWith("data: ", StringComparison.Ordinal) && line.Contains(content, StringComparison.Ordinal)) return;
        }

        throw new AssertionException($"The stream ended before {name} told of {content}.");
    }
}
