using System.Net;
using Aspire.Hosting.Dashboard;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.StandIns.Tests.Dashboard;

public class AccessTests
{
    private RunningDashboard _dashboard = null!;

    private string Origin => _dashboard.Addresses.Frontend.GetLeftPart(UriPartial.Authority);

    [SetUp]
    public async Task Start()
    {
        _dashboard = await RunningDashboard.Start(allowAnonymous: false);
        _dashboard.Resources.Set(FakeResources.Service("ledger"));
    }

    [TearDown]
    public async Task Stop() => await _dashboard.DisposeAsync();

    [TestCase("/api/info")]
    [TestCase("/api/live")]
    [TestCase("/api/resources")]
    [TestCase("/api/resources/ledger/console")]
    [TestCase("/api/resources/ledger/console.txt")]
    [TestCase("/api/logs")]
    [TestCase("/api/traces")]
    [TestCase("/api/traces/00000000000000000000000000000001")]
    [TestCase("/api/metrics")]
    [TestCase("/api/metrics/chart?service=a&meter=b&instrument=c")]
    [TestCase("/")]
    [TestCase("/assets/app.js")]
    [TestCase("/nowhere")]
    public async Task without_login_every_page_and_api_answers_401(string path)
    {
        using var answer = await Send(HttpMethod.Get, path);
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await answer.Content.ReadAsStringAsync()).ShouldNotContain("ledger");
    }

    [Test]
    public async Task the_link_logs_in_with_a_cookie_that_no_script_and_no_other_site_gets()
    {
        using var answer = await Send(HttpMethod.Get, _dashboard.Addresses.Login.PathAndQuery);
        answer.StatusCode.ShouldBe(HttpStatusCode.Found);
        answer.Headers.Location!.ToString().ShouldBe("/");
        var cookie = answer.Headers.GetValues("Set-Cookie").Single();
        cookie.ShouldContain("httponly", Case.Insensitive);
        cookie.ShouldContain("samesite=strict", Case.Insensitive);
        cookie.ShouldNotContain(RunningDashboard.Token);

        using var page = await Send(HttpMethod.Get, "/", cookie);
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var api = await Send(HttpMethod.Get, "/api/resources", cookie);
        (await api.Content.ReadAsStringAsync()).ShouldContain("ledger");
    }

    [Test]
    public async Task a_wrong_token_or_cookie_does_not()
    {
        using var link = await Send(HttpMethod.Get, "/login?t=wrong");
        link.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        link.Headers.Contains("Set-Cookie").ShouldBeFalse();
        (await link.Content.ReadAsStringAsync()).ShouldContain("That token is not the one of this run.");

        var name = (await Cookie()).Split('=')[0];
        using var api = await Send(HttpMethod.Get, "/api/resources", $"{name}={RunningDashboard.Token}");
        api.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task the_form_logs_in_too()
    {
        using var form = new FormUrlEncodedContent([new("t", RunningDashboard.Token)]);
        using var answer = await Send(HttpMethod.Post, "/login", origin: Origin, content: form);
        answer.StatusCode.ShouldBe(HttpStatusCode.Found);
        answer.Headers.Contains("Set-Cookie").ShouldBeTrue();

        using var elsewhere = new FormUrlEncodedContent([new("t", RunningDashboard.Token)]);
        using var foreign = await Send(HttpMethod.Post, "/login", origin: "http://evil.example", content: elsewhere);
        foreign.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [TestCase("evil.example")]
    [TestCase("localhost.evil.example")]
    [TestCase("10.0.0.1")]
    [TestCase("127.0.0.1.nip.io")]
    public async Task another_name_for_this_machine_is_refused(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/resources", UriKind.Relative));
        request.Headers.Host = host;
        request.Headers.Add("Cookie", await Cookie());
        using var answer = await _dashboard.Page.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [TestCase("localhost")]
    [TestCase("[::1]:80")]
    [TestCase("127.0.0.2:4711")]
    public async Task loopback_names_are_fine(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/resources", UriKind.Relative));
        request.Headers.Host = host;
        request.Headers.Add("Cookie", await Cookie());
        using var answer = await _dashboard.Page.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task only_the_page_itself_may_press_a_button()
    {
        var cookie = await Cookie();
        foreach (var origin in new[] { null, "null", "http://evil.example", "http://localhost:1" })
        {
            using var refused = await Send(HttpMethod.Post, "/api/resources/ledger/stop", cookie, origin);
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden, origin ?? "no origin");
        }

        _dashboard.Resources.Executed.ShouldBeEmpty();
        using var done = await Send(HttpMethod.Post, "/api/resources/ledger/stop", cookie, Origin);
        done.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        _dashboard.Resources.Executed.ShouldBe([("ledger", "stop")]);
    }

    [Test]
    public async Task pages_run_no_script_but_their_own()
    {
        using var answer = await Send(HttpMethod.Get, "/login");
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("default-src 'none'");
        policy.ShouldContain("script-src 'self';");
        policy.ShouldNotContain("unsafe");
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        answer.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);
    }

    [Test]
    public void no_script_of_the_page_reads_text_as_markup()
    {
        var assembly = typeof(DashboardHost).Assembly;
        var scripts = assembly.GetManifestResourceNames().Where(name => name.EndsWith(".js", StringComparison.Ordinal)).ToArray();
        scripts.Length.ShouldBeGreaterThan(5);
        foreach (var name in scripts)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            var script = reader.ReadToEnd();
            foreach (var sink in new[] { "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc" })
                script.ShouldNotContain(sink, Case.Sensitive, name);
        }
    }

    [TestCase("http://0.0.0.0:0")]
    [TestCase("http://example.com:8080")]
    [TestCase("https://localhost:8443")]
    public void only_cleartext_loopback_addresses_are_served(string address)
    {
        var free = new Uri("http://127.0.0.1:0");
        foreach (var options in new DashboardOptions[]
        {
            new("billing", new(address), free, free, "k", null, false),
            new("billing", free, new(address), free, "k", null, false),
            new("billing", free, free, new(address), "k", null, false),
        })
        {
            Should.Throw<ArgumentException>(() => DashboardHost.Start(
                options, new FakeResources(), TimeProvider.System, NullLoggerFactory.Instance, default));
        }
    }

    [Test]
    public void a_taken_port_is_said_to_be_taken()
    {
        var free = new Uri("http://127.0.0.1:0");
        var options = new DashboardOptions("billing", _dashboard.Addresses.Frontend, free, free, "k", null, false);
        Should.Throw<IOException>(() => DashboardHost.Start(
                options, new FakeResources(), TimeProvider.System, NullLoggerFactory.Instance, default))
            .InnerException.ShouldBeOfType<AddressInUseException>();
    }

    [Test]
    public async Task each_start_makes_its_own_token()
    {
        var free = new Uri("http://127.0.0.1:0");
        var options = new DashboardOptions("billing", free, free, free, "k", null, false);
        await using var one = await DashboardHost.Start(
            options, new FakeResources(), TimeProvider.System, NullLoggerFactory.Instance, default);
        await using var other = await DashboardHost.Start(
            options, new FakeResources(), TimeProvider.System, NullLoggerFactory.Instance, default);
        one.Addresses.Login.Query.Length.ShouldBeGreaterThan(32);
        one.Addresses.Login.Query.ShouldNotBe(other.Addresses.Login.Query);
    }

    private async Task<string> Cookie()
    {
        using var answer = await Send(HttpMethod.Get, _dashboard.Addresses.Login.PathAndQuery);
        return answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private Task<HttpResponseMessage> Send(
        HttpMethod method, string path, string? cookie = null, string? origin = null, HttpContent? content = null)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (cookie is not null) request.Headers.Add("Cookie", cookie.Split(';')[0]);
        if (origin is not null) request.Headers.Add("Origin", origin);
        return _dashboard.Page.SendAsync(request);
    }
}
