using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;

namespace Billing.ServiceDefaults.Tests;

public class ProblemsTests
{
    public sealed record Order(string Name, int Quantity, DayOfWeek Day = DayOfWeek.Monday);

    private TestService _service = null!;

    [OneTimeSetUp]
    public async Task Run() => _service = await TestService.Run(app =>
    {
        app.MapPost("/orders", (Order order) => order).AllowAnonymous();
        app.MapGet("/search", (int limit) => limit).AllowAnonymous();
        app.MapGet("/closed", () => "closed").RequireAuthorization(Policies.Admin);
        app.MapGet("/broken", string () => throw new InvalidOperationException("secret of the database"))
            .AllowAnonymous();
        app.MapGet("/refused", () => Problems.Refuse(
            ProblemTypes.Conflict, "It is there.", [new("orderId", 7)])).AllowAnonymous();
    }, settings: ("RateLimits:Anonymous:Permits", "100000"));

    [OneTimeTearDown]
    public async Task Stop() => await _service.DisposeAsync();

    [TestCase("{", "line 1")]
    [TestCase("[]", "$")]
    [TestCase("null", "missing")]
    [TestCase("""{"name":"a","quantity":"7"}""", "$.quantity")]
    [TestCase("""{"name":"a","quantity":7.5}""", "$.quantity")]
    [TestCase("""{"name":"a"}""", "$")]
    [TestCase("""{"name":null,"quantity":7}""", "$")]
    [TestCase("""{"name":"a","quantity":7,"extra":1}""", "$.extra")]
    [TestCase("""{"name":"a","quantity":7,"quantity":8}""", "$")]
    [TestCase("""{"Name":"a","quantity":7}""", "$")]
    [TestCase("""{"name":"a","quantity":7,"day":1}""", "$.day")]
    [TestCase("""{"name":"a","quantity":7,}""", "line 1")]
    [TestCase("""{"name":"a","quantity":7} // comment""", "line 1")]
    public async Task a_body_that_is_not_exact_is_a_bad_request_that_says_where(string body, string where)
    {
        var answer = await Post("/orders", body);

        var problem = await ShouldBe(answer, ProblemTypes.BadRequest);
        var detail = problem.TryGetProperty("detail", out var text) ? text.GetString() ?? "" : "";
        (where == "missing" || detail.Contains(where)).ShouldBeTrue(detail);
        detail.ShouldNotContain(nameof(Order));
        detail.ShouldNotContain("Billing");
    }

    [Test]
    public async Task an_exact_body_is_taken() =>
        (await (await Post("/orders", """{"name":"a","quantity":7,"day":"sunday"}"""))
            .Content.ReadAsStringAsync())
            .ShouldBe("""{"name":"a","quantity":7,"day":"sunday"}""");

    [Test]
    public async Task what_the_framework_refuses_looks_the_same()
    {
        await ShouldBe(await _service.Get("/search"), ProblemTypes.BadRequest);
        await ShouldBe(await _service.Get("/search?limit=many"), ProblemTypes.BadRequest);
        await ShouldBe(await _service.Get("/closed"), ProblemTypes.Unauthenticated);
        await ShouldBe(await _service.Get("/closed", "no.token.really"), ProblemTypes.Unauthenticated);
        await ShouldBe(await _service.Get("/closed", TestService.TokenOf(Roles.Ops)), ProblemTypes.Forbidden);
        await ShouldBe(await _service.Get("/nothing/here"), ProblemTypes.NotFound);
        await ShouldBe(await _service.Send(
            HttpMethod.Delete, "/search", TestService.TokenOf(Roles.Ops)), ProblemTypes.MethodNotAllowed);
        await ShouldBe(
            await Post("/orders", "name=a", "text/plain", TestService.TokenOf(Roles.Ops)),
            ProblemTypes.UnsupportedMediaType);
        await ShouldBe(
            await Post("/orders", new string(' ', (int)Limits.LargestBodyBytes + 1)), ProblemTypes.TooLarge);
    }

    [Test]
    public async Task strangers_hear_that_nothing_is_there_and_of_what_is_there_that_they_must_say_who_they_are()
    {
        (await _service.Get("/nothing/here")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _service.Get("/closed")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task a_failure_of_ours_tells_its_trace_and_nothing_else()
    {
        var problem = await ShouldBe(await _service.Get("/broken"), ProblemTypes.Internal);

        problem.EnumerateObject().Select(member => member.Name)
            .ShouldBe(["type", "title", "status", "instance", "traceId"]);
        problem.ToString().ShouldNotContain("secret");
    }

    [Test]
    public async Task an_endpoint_refuses_with_its_type_its_sentence_and_its_facts()
    {
        var problem = await ShouldBe(await _service.Get("/refused"), ProblemTypes.Conflict);

        problem.GetProperty("detail").GetString().ShouldBe("It is there.");
        problem.GetProperty("orderId").GetInt32().ShouldBe(7);
    }

    [Test]
    public async Task a_browser_gets_no_other_answer_from_a_service_without_pages()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/closed");
        request.Headers.Accept.ParseAdd("text/html");

        await ShouldBe(await _service.Client.SendAsync(request), ProblemTypes.Unauthenticated);
    }

    [Test]
    public void types_are_told_apart_by_their_urn()
    {
        ProblemTypes.All.Select(type => type.Urn).ShouldBeUnique();
        ProblemTypes.All.ShouldAllBe(
            type => System.Text.RegularExpressions.Regex.IsMatch(type.Urn, "^urn:billing:problem:[a-z-]+$"));
        typeof(ProblemTypes).GetFields().Select(field => field.GetValue(null)).OfType<ProblemType>()
            .Concat(ProblemTypes.OfLedger).ShouldBe(ProblemTypes.All, ignoreOrder: true, "every type is in the list");
    }

    private Task<HttpResponseMessage> Post(
        string path, string body, string type = "application/json", string? token = null) =>
        _service.Send(HttpMethod.Post, path, token, new StringContent(body, Encoding.UTF8, type));

    private static async Task<System.Text.Json.JsonElement> ShouldBe(
        HttpResponseMessage answer, ProblemType type)
    {
        ((int)answer.StatusCode).ShouldBe(type.Status);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var problem = await TestService.Json(answer);
        problem.GetProperty("type").GetString().ShouldBe(type.Urn);
        problem.GetProperty("title").GetString().ShouldBe(type.Title);
        problem.GetProperty("status").GetInt32().ShouldBe(type.Status);
        problem.GetProperty("traceId").GetString().ShouldNotBeNullOrEmpty();
        return problem;
    }
}
