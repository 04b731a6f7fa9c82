using System.Collections.Concurrent;
using System.Text.Json;
using Billing.Cli.Verbs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Billing.Cli.Tests;

/// <summary>Against an HTTP server that answers as the services do, found as a running stack is.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ParkedTests : IAsyncDisposable
{
    private const string Item =
        """
        {"id":"17","topic":"billing.pricing.ratings.v1","partition":3,"lane":11,"number":42,"key":"acme",
        "reason":"No such account.","parkedAt":"2026-03-14T09:26:53Z","attempts":2}
        """;

    private readonly Folder _data = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly StringWriter _output = new();
    private WebApplication _app = null!;

    private bool _isWithoutList;

    [SetUp]
    public async Task Start()
    {
        _isWithoutList = false;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Use(async (context, next) =>
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            _asked.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {body}".Trim());
            if (!context.Request.Headers.Authorization.ToString().StartsWith("Bearer ey", StringComparison.Ordinal))
                context.Response.StatusCode = 401;
            else if (_isWithoutList)
                context.Response.StatusCode = 404;
            else
                await next(context);
        });
        _app.MapGet("/api/v1/parked", (string? cursor) => Results.Text(cursor is null
            ? $$"""{"items":[{{Item}}],"nextCursor":"more"}"""
            : $$"""{"items":[{{Item.Replace("17", "18", StringComparison.Ordinal)}}],"nextCursor":null}""", "application/json"));
        _app.MapGet("/api/v1/parked/17", () => Results.Text($$"""{"parked":{{Item}},"text":"{}"}""", "application/json"));
        _app.MapPost("/api/v1/parked/17/redrive", () => Results.Text("""{"asked":2}""", "application/json", null, 202));
        _app.MapPost("/api/v1/parked/redrive", () => Results.Text("""{"asked":0}""", "application/json", null, 202));
        _app.MapFallback(() => Results.Problem("Nothing is parked with this id.", statusCode: 404));
        await _app.StartAsync();
        _data.Write("running.json", JsonSerializer.Serialize(new
        {
            pid = 1,
            services = new Dictionary<string, object> { ["ledger"] = new { http = _app.Urls.First() } },
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _data.Dispose();
        await _output.DisposeAsync();
    }

    [Test]
    public async Task every_page_is_listed()
    {
        await Parked.PrintList(["ledger"], new("a&b", null, "acc"), json: false, _data.Path, _output, default);

        _output.ToString().ShouldBe(
            """
            ledger 17  billing.pricing.ratings.v1 lane 11 number 42  key acme  since 2026-03-14T09:26:53Z, 2 attempts
                No such account.
            ledger 18  billing.pricing.ratings.v1 lane 11 number 42  key acme  since 2026-03-14T09:26:53Z, 2 attempts
                No such account.

            """);
        _asked.ShouldBe([
            "GET /api/v1/parked?limit=100&topic=a%26b&reason=acc",
            "GET /api/v1/parked?limit=100&topic=a%26b&reason=acc&cursor=more",
        ]);
    }

    [Test]
    public async Task programs_get_an_object_a_line()
    {
        await Parked.PrintList(["ledger"], new(null, null), json: true, _data.Path, _output, default);

        var first = JsonDocument.Parse(_output.ToString().ReplaceLineEndings("").Split("}{")[0] + "}").RootElement;
        first.GetProperty("service").GetString().ShouldBe("ledger");
        first.GetProperty("id").GetString().ShouldBe("17");
    }

    [Test]
    public async Task one_is_shown_whole()
    {
        await Parked.PrintOne("ledger", 17, _data.Path, _output, default);

        JsonDocument.Parse(_output.ToString()).RootElement.GetProperty("text").GetString().ShouldBe("{}");
    }

    [Test]
    public async Task a_service_that_reads_nothing_has_nothing_parked()
    {
        _isWithoutList = true;

        await Parked.PrintList(["ledger"], new(null, null, null), json: false, _data.Path, _output, default);

        _output.ToString().Trim().ShouldBe("Nothing is parked.");
    }

    [Test]
    public async Task redriving_says_how_many()
    {
        await Parked.Ask("ledger", 17, new(null, null), _data.Path, _output, default);
        await Parked.Ask("ledger", null, new("t", "k"), _data.Path, _output, default);

        _output.ToString().ShouldStartWith("2 will be tried again");
        _output.ToString().ShouldContain("Nothing of that is parked.");
        _asked.ShouldBe([
            "POST /api/v1/parked/17/redrive", """POST /api/v1/parked/redrive {"topic":"t","key":"k"}""",
        ]);
    }

    [Test]
    public async Task what_cannot_be_is_one_sentence()
    {
        (await Refused(() => Parked.PrintOne("ledger", 99, _data.Path, _output, default)))
            .ShouldBe("ledger has nothing parked like that (404).");
        (await Refused(() => Parked.PrintOne("pricing", 17, _data.Path, _output, default)))
            .ShouldBe("there is no service 'pricing': choose of ledger.");
        (await Refused(() => Parked.Ask("ledger", null, new(null, "k"), _data.Path, _output, default)))
            .ShouldStartWith("say which");
        using var empty = new Folder();
        (await Refused(() => Parked.PrintOne("ledger", 17, empty.Path, _output, default)))
            .ShouldEndWith("start one with ./billing up.");
        await _app.StopAsync();
        (await Refused(() => Parked.PrintOne("ledger", 17, _data.Path, _output, default)))
            .ShouldContain("does not answer as it should");
    }

    [TestCase("parked", "show", "17")]
    [TestCase("parked", "show", "17", "--service", "kitchen")]
    [TestCase("parked", "show", "seventeen", "--service", "ledger")]
    [TestCase("parked", "redrive", "--service", "ledger")]
    public async Task wrong_use_is_told_apart(params string[] arguments)
    {
        var error = new StringWriter();

        (await CommandLine.Run(arguments, _output, error)).ShouldBe(2);
        error.ToString().Trim().ShouldNotContain('\n');
    }

    private static async Task<string> Refused(Func<Task> work) =>
        (await Should.ThrowAsync<CannotGoOn>(work)).Message;
}
