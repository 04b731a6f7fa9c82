using System.Text.RegularExpressions;
using Billing.Testbed;
using Microsoft.Playwright;

namespace Billing.StandIns.Tests.Dashboard;

/// <summary>The page in a real browser, which is offline but for the dashboard.</summary>
public class PageTests
{
    private const string Attack = "<img src=x onerror=\"window.pwned = true\"><script>window.pwned = true</script>";

    private static readonly string[] BrowserNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private RunningDashboard _dashboard = null!;
    private IPage _page = null!;
    private List<string> _complaints = null!;

    [OneTimeSetUp]
    public async Task Open()
    {
        var browser = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => BrowserNames.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        if (browser is null)
            Assert.Ignore("No Chromium on the PATH: the dashboard's page was not tried in a browser (apt-get install chromium).");

        Assertions.SetDefaultExpectTimeout((float)Eventually.Patience.TotalMilliseconds);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = browser,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"],
        });
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_browser is not null) await _browser.CloseAsync();
        _playwright?.Dispose();
    }

    [SetUp]
    public async Task Start()
    {
        _dashboard = await RunningDashboard.Start(allowAnonymous: false);
        _dashboard.Resources.Set(
            FakeResources.Service("ledger") with { Environment = [new("Stripe__Key", "sk_live_1", IsSecret: true), new("COLOR", "blue", IsSecret: false)] },
            FakeResources.Service("pricing", "Exited", "") with { ExitCode = 3, ProcessId = null, Commands = ["start"], Endpoints = [new("bad", "javascript:alert(1)")] });
        _complaints = [];
        _page = await _browser.NewPageAsync(new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        _page.Console += (_, message) =>
        {
            // Not being logged in yet is no fault of the page.
            if (message.Type is "error" or "warning" && !message.Text.Contains("401", StringComparison.Ordinal)) _complaints.Add(message.Text);
        };
        _page.PageError += (_, error) => _complaints.Add(error);
        _page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(_dashboard.Addresses.Frontend.ToString(), StringComparison.Ordinal)) _complaints.Add("elsewhere: " + request.Url);
        };
    }

    [TearDown]
    public async Task Stop()
    {
        if (_page is not null) await _page.CloseAsync();
        if (_dashboard is not null) await _dashboard.DisposeAsync();
        _complaints?.ShouldBeEmpty();
    }

    [Test]
    public async Task the_token_opens_the_page_and_a_wrong_one_does_not()
    {
        await _page.GotoAsync(_dashboard.Addresses.Frontend.ToString());
        await _page.GetByLabel("Token").FillAsync("wrong");
        await _page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Assertions.Expect(_page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not the one of this run");

        await _page.GetByLabel("Token").FillAsync(RunningDashboard.Token);
        await _page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Assertions.Expect(Row("ledger")).ToContainTextAsync("Running");
        _page.Url.ShouldNotContain(RunningDashboard.Token);
    }

    [Test]
    public async Task resources_are_live_and_their_buttons_work()
    {
        await Login();
        await Assertions.Expect(Row("pricing")).ToContainTextAsync("Exited");
        await Assertions.Expect(Row("pricing").Locator("a[href^='javascript']")).ToHaveCountAsync(0);
        await Assertions.Expect(Row("ledger").GetByRole(AriaRole.Link, new() { Name = "localhost:5100" }))
            .ToHaveAttributeAsync("href", "http://localhost:5100");

        await Row("pricing").GetByRole(AriaRole.Button, new() { Name = "Start pricing" }).ClickAsync();
        await Eventually.Is(() => _dashboard.Resources.Executed.Contains(("pricing", "start")));
        _dashboard.Resources.Set(FakeResources.Service("pricing"));
        await Assertions.Expect(Row("pricing")).ToContainTextAsync("Running");
        await Assertions.Expect(Row("ledger")).ToHaveCountAsync(0);

        _dashboard.Resources.Failure = new InvalidOperationException("It does not want to.");
        await Row("pricing").GetByRole(AriaRole.Button, new() { Name = "Stop pricing" }).ClickAsync();
        await Assertions.Expect(_page.GetByRole(AriaRole.Alert)).ToContainTextAsync("It does not want to.");
        _complaints.RemoveAll(text => text.Contains("500", StringComparison.Ordinal));
    }

    [Test]
    public async Task details_open_by_keyboard_and_hide_secrets()
    {
        await Login();
        await Row("ledger").FocusAsync();
        await _page.Keyboard.PressAsync("Enter");

        var details = _page.GetByRole(AriaRole.Complementary, new() { Name = "ledger" });
        await Assertions.Expect(details).ToContainTextAsync("blue");
        await Assertions.Expect(details.Locator("tr", new() { HasText = "Stripe__Key" })).ToContainTextAsync("••••");
        (await _page.ContentAsync()).ShouldNotContain("sk_live_1");
        await _page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(Row("pricing")).ToBeFocusedAsync();
        await _page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(details).ToHaveCountAsync(0);
    }

    [Test]
    public async Task the_console_follows_and_searches_and_shows_text_as_text()
    {
        _dashboard.Resources.Write("ledger", "first line");
        _dashboard.Resources.Write("ledger", "bad line " + Attack, isError: true);
        await Login("#/console/ledger");

        var output = _page.GetByRole(AriaRole.Log);
        await Assertions.Expect(output.Locator(".line.err")).ToContainTextAsync(Attack);
        _dashboard.Resources.Write("ledger", "\u001b[32mgreen\u001b[0m news");
        await Assertions.Expect(output.Locator(".fg2")).ToHaveTextAsync("green");

        await _page.GetByLabel("Search lines").FillAsync("BAD");
        await Assertions.Expect(output.Locator(".line:visible")).ToHaveCountAsync(1);
        await Assertions.Expect(output.Locator("mark")).ToHaveTextAsync("bad");
        (await _page.EvaluateAsync<bool>("() => 'pwned' in window")).ShouldBeFalse();
    }

    [Test]
    public async Task logs_arrive_while_one_watches_and_lead_to_their_trace()
    {
        await Login("#/logs");
        await Assertions.Expect(_page.GetByText("No structured logs yet")).ToBeVisibleAsync();
        await Send("/v1/traces", Wire.Request("ledger", Wire.Span(Wire.Id(16, 7), Wire.Id(8, 1), "post charge " + Attack, 1_000_000, 9_000_000)));
        await Send("/v1/logs", Wire.Request("ledger", Wire.Log("all is well"), Wire.Message(
            (2, 17), (5, Wire.Message((1, "lane lost " + Attack))), (6, Wire.Attribute("lane", "17")), (9, Wire.Id(16, 7)), (10, Wire.Id(8, 1)))));

        var rows = _page.Locator("table.logs tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(2);
        await _page.GetByLabel("Minimum level").SelectOptionAsync("Error");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await rows.First.Locator("td").Nth(3).ClickAsync();
        var details = _page.GetByRole(AriaRole.Complementary);
        await Assertions.Expect(details).ToContainTextAsync("lane lost " + Attack);
        await Assertions.Expect(details).ToContainTextAsync("17");

        await rows.First.GetByRole(AriaRole.Link).ClickAsync();
        await Assertions.Expect(_page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("post charge " + Attack);
        await Assertions.Expect(_page.GetByRole(AriaRole.Complementary)).ToContainTextAsync("lane lost");
        (await _page.EvaluateAsync<bool>("() => 'pwned' in window")).ShouldBeFalse();
    }

    [Test]
    public async Task a_trace_is_a_waterfall_with_bars_in_order()
    {
        var trace = Wire.Id(16, 3);
        await Send("/v1/traces", Wire.Request("ingestion", Wire.Span(trace, Wire.Id(8, 1), "POST /events", 0, 100_000_000)));
        await Send("/v1/traces", Wire.Request("ledger", Wire.Message(
            (1, trace), (2, Wire.Id(8, 2)), (4, Wire.Id(8, 1)), (5, "post charge"), (7, 50_000_000L), (8, 100_000_000L),
            (9, Wire.Attribute("lane", "17")), (15, Wire.Message((2, "lane lost"), (3, 2))))));
        await Login("#/traces");
        await _page.Locator("table.traces tbody tr").ClickAsync();

        var spans = _page.Locator("table.waterfall tbody tr");
        await Assertions.Expect(spans).ToHaveCountAsync(2);
        var parent = (await spans.Nth(0).Locator("i.bar").BoundingBoxAsync())!;
        var child = (await spans.Nth(1).Locator("i.bar").BoundingBoxAsync())!;
        child.X.ShouldBe(parent.X + parent.Width / 2, 3);
        child.Width.ShouldBe(parent.Width / 2, 3);

        await spans.Nth(1).ClickAsync();
        var details = _page.GetByRole(AriaRole.Complementary, new() { Name = "post charge" });
        await Assertions.Expect(details).ToContainTextAsync("error: lane lost");
        await Assertions.Expect(details).ToContainTextAsync("lane");
        await spans.Nth(0).GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(spans).ToHaveCountAsync(1);
    }

    [Test]
    public async Task a_metric_is_a_chart()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (var i = 10; i >= 0; i--)
            await Send("/v1/metrics", Wire.Request("ledger", Wire.Sum("billing.events", 100 - i * 10, "a", (now - i * 5_000) * 1_000_000)));
        await Login("#/metrics");
        await _page.GetByRole(AriaRole.Link, new() { Name = "billing.events" }).ClickAsync();

        var chart = _page.Locator(".chart svg");
        await Assertions.Expect(chart).ToHaveAttributeAsync("aria-label", new Regex("billing.events of ledger. Latest: set=a: 2/s"));
        (await chart.Locator("g.line path").Last.GetAttributeAsync("d"))!.Count(letter => letter == 'L').ShouldBeGreaterThan(7);
        await _page.GetByRole(AriaRole.Button, new() { Name = "Total" }).ClickAsync();
        await Assertions.Expect(chart).ToHaveAttributeAsync("aria-label", new Regex("Latest: set=a: 100"));
        await chart.FocusAsync();
        await _page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(_page.Locator(".tip")).ToContainTextAsync("100");
    }

    [Test]
    public async Task each_view_says_what_to_do_while_it_is_empty()
    {
        await Login("#/traces");
        await Assertions.Expect(_page.GetByText("No traces yet")).ToBeVisibleAsync();
        await _page.Keyboard.PressAsync("5");
        await Assertions.Expect(_page.GetByText("No metrics yet")).ToBeVisibleAsync();
        await _page.Keyboard.PressAsync("2");
        await Assertions.Expect(_page.GetByText("has not written anything yet")).ToBeVisibleAsync();
        _dashboard.Resources.Set();
        await _page.Keyboard.PressAsync("1");
        await Assertions.Expect(_page.GetByText("The application model is empty")).ToBeVisibleAsync();
    }

    [TestCase("#/resources")]
    [TestCase("#/console")]
    public async Task nothing_is_said_of_resources_before_their_list_has_come(string view)
    {
        // The connection stands, and what comes over it is late.
        await _page.RouteAsync("**/api/live*", route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = "event: hello\ndata: {\"run\":\"1\",\"application\":\"x\",\"now\":\"2026-03-01T00:00:00Z\"}\n\n",
        }));
        await Login(view);
        await Assertions.Expect(_page.GetByText("Connecting…")).ToBeVisibleAsync();
        await Assertions.Expect(_page.GetByText("No resources")).Not.ToBeVisibleAsync();
        _complaints.Clear();
    }

    [Test]
    public async Task a_lost_connection_is_said_so()
    {
        await Login();
        await Assertions.Expect(_page.GetByRole(AriaRole.Status)).ToContainTextAsync("Live");
        await _dashboard.DisposeAsync();
        await Assertions.Expect(_page.GetByRole(AriaRole.Status)).ToContainTextAsync("Connection lost");
        _complaints.Clear();
    }

    private async Task Login(string view = "")
    {
        await _page.GotoAsync(_dashboard.Addresses.Login.ToString());
        if (view.Length > 0) await _page.GotoAsync(_dashboard.Addresses.Frontend + view);
        await Assertions.Expect(_page.GetByRole(AriaRole.Navigation, new() { Name = "Views" })).ToBeVisibleAsync();
    }

    private ILocator Row(string resource) => _page.Locator($"table.resources tr[data-key='{resource}']");

    private async Task Send(string path, byte[] body)
    {
        using var answer = await _dashboard.Otlp.PostAsync(new Uri(path, UriKind.Relative), Wire.Content(body));
        answer.EnsureSuccessStatusCode();
    }
}
