using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Billing.Contracts;
using Billing.Testbed;

namespace Billing.Services.Tests;

public class ConsoleTests
{
    private const string Operations = "/api/v1/operations/services";

    private static RunningService Console => AllServices.Of(Resources.Console);

    [Test]
    public async Task every_service_has_announced_itself_over_Kafka()
    {
        await Eventually.Is(async () =>
        {
            var answer = await (await Console.Get(Operations, AllServices.Token("finance")))
                .Content.ReadFromJsonAsync<JsonElement>();
            var seen = answer.GetProperty("instances").EnumerateArray()
                .Select(instance => instance.GetProperty("service").GetString());
            return Resources.Services.All(service => seen.Contains(service));
        });
    }

    [TestCase("tenant", "acme")]
    [TestCase("producer", null)]
    public async Task operations_are_not_for_everybody(string role, string? tenant)
    {
        (await Console.Get(Operations, AllServices.Token(role, tenant)))
            .StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Page("/operations", AllServices.Token(role, tenant))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await Page("/", AllServices.Token(role, tenant))).Html.ShouldNotContain("/operations");
    }

    [TestCase("/")]
    [TestCase("/operations")]
    [TestCase("/billing/usage")]
    public async Task a_stranger_is_asked_to_sign_in(string path)
    {
        var answer = await Console.Get(path, null, ("Accept", "text/html"));

        answer.StatusCode.ShouldBe(HttpStatusCode.Found);
        answer.Headers.Location!.ToString().ShouldBe($"/sign-in?from={Uri.EscapeDataString(path)}");
    }

    [Test]
    public async Task who_signs_in_sees_all_services_ready()
    {
        var session = await SignIn(AllServices.Token("ops"), "/");

        // It asks them for two seconds only, which may be too short on a busy machine.
        var page = await Page("/", null, session);
        page.Status.ShouldBe(HttpStatusCode.OK);
        await Eventually.Is(async () =>
        {
            page = await Page("/", null, session);
            foreach (var service in Resources.Services)
                Regex.IsMatch(page.Html, $"tile good\"><strong>{service}</strong>")
                    .ShouldBeTrue($"{service} in {page.Html}");
            return true;
        });

        page.Html.ShouldNotContain("<script");
        (await Page("/operations", null, session)).Html.ShouldContain("<td>stripe-sync</td>");
        (await Page("/billing/invoices", null, session)).Html.ShouldContain("There are no invoices to show.");
    }

    [Test]
    public async Task the_token_is_out_of_reach_for_scripts_and_other_sites()
    {
        var (form, cookie) = await Form();

        var answer = await Post(
            "/sign-in", [new("token", AllServices.Token("ops")), new("from", "/operations"), form], cookie);

        answer.Headers.Location!.ToString().ShouldBe("/operations");
        var set = answer.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("billing_token="));
        set.ShouldContain("httponly");
        set.ShouldContain("samesite=strict");
    }

    [TestCase("https://evil.test/")]
    [TestCase("//evil.test/")]
    [TestCase("/\\evil.test")]
    public async Task nobody_else_decides_where_signing_in_leads(string from)
    {
        var (form, cookie) = await Form();

        var answer = await Post(
            "/sign-in", [new("token", AllServices.Token("ops")), new("from", from), form], cookie);

        answer.Headers.Location!.ToString().ShouldBe("/");
    }

    [TestCase("")]
    [TestCase("no.token.really")]
    public async Task a_wrong_token_gets_no_cookie(string token)
    {
        var (form, cookie) = await Form();

        var answer = await Post("/sign-in", [new("token", token), form], cookie);

        answer.Headers.Location!.ToString().ShouldStartWith("/sign-in?refused=1");
        answer.Headers.TryGetValues("Set-Cookie", out _).ShouldBeFalse();
    }

    [TestCase("/sign-in")]
    [TestCase("/sign-out")]
    public async Task a_form_from_elsewhere_is_refused(string path)
    {
        var answer = await Post(
            path, [new("token", AllServices.Token("ops"))], $"billing_token={AllServices.Token("ops")}");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Headers.TryGetValues("Set-Cookie", out _).ShouldBeFalse();
    }

    [Test]
    public async Task pages_allow_no_script_at_all()
    {
        var answer = await Console.Get("/sign-in");

        answer.Headers.GetValues("Content-Security-Policy").Single()
            .ShouldStartWith("default-src 'none'; style-src 'self';");
        (await Console.Get("/console.css")).Content.Headers.ContentType!.MediaType.ShouldBe("text/css");
    }

    [Test]
    public async Task a_page_that_is_not_there_says_so_to_a_person()
    {
        var page = await Page("/nowhere", AllServices.Token("ops"));

        page.Status.ShouldBe(HttpStatusCode.NotFound);
        page.Html.ShouldContain("<h1>There is nothing here</h1>");
    }

    [Test]
    public async Task with_billing_off_there_is_no_billing_in_the_menu()
    {
        var environment = new Dictionary<string, string>(
            AllServices.Environment)
        { ["Features__BILLING_ENABLED"] = "false" };
        await using var off = RunningService.Start(Resources.Console, environment);
        await off.IsReady();

        var home = await off.Get("/", AllServices.Token("ops"), ("Accept", "text/html"));
        var billing = await off.Get("/billing/usage", AllServices.Token("ops"), ("Accept", "text/html"));

        (await home.Content.ReadAsStringAsync()).ShouldNotContain("/billing/usage");
        (await Page("/", AllServices.Token("ops"))).Html.ShouldContain("/billing/usage");
        billing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static async Task<(
        HttpStatusCode Status, string Html)> Page(string path, string? token, string? cookie = null)
    {
        var answer = await Console.Get(
            path, token, [("Accept", "text/html"), .. cookie is null ? [] : new[] { ("Cookie", cookie) }]);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string> SignIn(string token, string from)
    {
        var (form, cookie) = await Form();
        var answer = await Post("/sign-in", [new("token", token), new("from", from), form], cookie);
        return answer.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("billing_token="))
            .Split(';')[0];
    }

    private static async Task<(KeyValuePair<string, string> Field, string Cookie)> Form()
    {
        var page = await Console.Get("/sign-in");
        var html = await page.Content.ReadAsStringAsync();
        var token = Regex.Match(html, "name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")
            .Groups[1].Value;
        return (new("__RequestVerificationToken", token), page.Headers.GetValues("Set-Cookie").Single()
            .Split(';')[0]);
    }

    private static Task<HttpResponseMessage> Post(
        string path, KeyValuePair<string, string>[] fields, string cookie) =>
        Console.Send(HttpMethod.Post, path, null, new FormUrlEncodedContent(fields), ("Cookie", cookie));
}
