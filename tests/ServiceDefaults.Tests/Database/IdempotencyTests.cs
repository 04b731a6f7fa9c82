using System.Net;
using System.Text.Json;
using Billing.Contracts;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.Testbed;
using Microsoft.AspNetCore.Http;

namespace Billing.ServiceDefaults.Tests.Database;

[Parallelizable(ParallelScope.Self)]
public sealed class IdempotencyTests
{
    private const string Key = "a-key";

    private IdempotencyHost _host = null!;

    private TestDatabase _database = null!;

    [OneTimeSetUp]
    public async Task Make() =>
        _database = await TestDatabase.Create(Resources.StripeSync, typeof(IdempotencyTests).Assembly);

    [OneTimeTearDown]
    public async Task Remove() => await _database.DisposeAsync();

    [SetUp]
    public async Task Start() => _host = await IdempotencyHost.Start(_database);

    [TearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [Test]
    public async Task The_same_request_again_gets_the_same_answer_and_does_nothing()
    {
        var first = await _host.Post("/count", Key, """{"value":7}""");
        var again = await _host.Post("/count", Key, """{"value":7}""");

        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        first.Headers.Contains(IdempotencyKey.ReplayedHeader).ShouldBeFalse();
        again.StatusCode.ShouldBe(HttpStatusCode.Created);
        again.Headers.GetValues(IdempotencyKey.ReplayedHeader).ShouldBe(["true"]);
        again.Headers.Location.ShouldBe(first.Headers.Location);
        again.Content.Headers.ContentType.ShouldBe(first.Content.Headers.ContentType);
        (await again.Content.ReadAsStringAsync()).ShouldBe(await first.Content.ReadAsStringAsync());
        _host.CarriedOut.ShouldBe(1);
    }

    [TestCase("/things/1/close", "/things/2/close", "{}", "{}")]
    [TestCase("/count", "/count", """{"value":7}""", """{"value":8}""")]
    [TestCase("/count", "/count?dry=true", """{"value":7}""", """{"value":7}""")]
    public async Task The_same_key_with_another_request_is_refused(
        string path, string other, string body, string otherBody)
    {
        (await _host.Post(path, Key, body)).IsSuccessStatusCode.ShouldBeTrue();

        var refused = await _host.Post(other, Key, otherBody);

        await IsProblem(refused, HttpStatusCode.Conflict, "urn:billing:problem:idempotency-key-reused");
        _host.CarriedOut.ShouldBe(1);
    }

    [Test]
    public async Task Callers_and_routes_do_not_share_keys()
    {
        await _host.Post("/count", Key, """{"value":7}""", subject: "ann", tenant: "a");
        await _host.Post("/count", Key, """{"value":7}""", subject: "ann", tenant: "b");
        await _host.Post("/count", Key, """{"value":8}""", subject: "bob", tenant: "a");
        await _host.Post("/nothing", Key, subject: "ann", tenant: "a");

        _host.CarriedOut.ShouldBe(4);
    }

    [Test]
    public async Task Twenty_at_once_are_carried_out_once()
    {
        var rounds = TestSize.Of(5, 100);
        for (var round = 1; round <= rounds; round++)
        {
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 20).Select(_ => _host.Post("/nothing", $"key-{round}")));

            _host.CarriedOut.ShouldBe(round);
            answers.Select(answer => answer.StatusCode).ShouldContain(HttpStatusCode.NoContent);
            foreach (var answer in answers)
                answer.StatusCode.ShouldBeOneOf(HttpStatusCode.NoContent, HttpStatusCode.Conflict);
        }
    }

    [Test]
    public async Task While_the_first_is_at_work_the_second_is_told_to_come_later()
    {
        var first = _host.Post("/slow", Key);
        await _host.Begun.WaitAsync();

        var second = await _host.Post("/slow", Key);

        await IsProblem(second, HttpStatusCode.Conflict, "urn:billing:problem:idempotency-key-in-progress");
        second.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        _host.GoOn.Release();
        (await first).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _host.Post("/slow", Key)).Headers.Contains(IdempotencyKey.ReplayedHeader).ShouldBeTrue();
        _host.CarriedOut.ShouldBe(1);
    }

    [Test]
    public async Task A_dead_process_frees_the_key_after_its_lease_but_only_for_the_same_request()
    {
        var dead = _host.Post("/slow", Key);
        await _host.Begun.WaitAsync();
        _host.Time.Advance(IdempotencyKeys.Lease);

        await IsProblem(
            await _host.Post("/slow", Key, """{"other":1}"""), HttpStatusCode.Conflict,
            "urn:billing:problem:idempotency-key-reused");
        var second = _host.Post("/slow", Key);
        await _host.Begun.WaitAsync();

        // The first was not dead after all. Its late answer must not become the stored one.
        _host.GoOn.Release(2);
        await Task.WhenAll(dead, second);
        var stored = await _host.Post("/slow", Key);
        (await stored.Content.ReadAsStringAsync()).ShouldBe("2");
        _host.CarriedOut.ShouldBe(2);
    }

    [Test]
    public async Task After_a_day_the_key_is_free_and_the_row_is_swept()
    {
        await _host.Post("/count", Key, """{"value":7}""");
        _host.Time.Advance(IdempotencyKeys.Kept - TimeSpan.FromSeconds(1));
        await _host.Post("/count", Key, """{"value":7}""");
        _host.CarriedOut.ShouldBe(1);
        (await _host.Keys.Sweep(CancellationToken.None)).ShouldBe(0);

        _host.Time.Advance(TimeSpan.FromSeconds(1));
        (await _host.Post("/count", Key, """{"value":8}""")).StatusCode.ShouldBe(HttpStatusCode.Created);
        _host.CarriedOut.ShouldBe(2);

        _host.Time.Advance(IdempotencyKeys.Kept);
        (await _host.Keys.Sweep(CancellationToken.None)).ShouldBe(1);
    }

    [Test]
    public async Task A_sweep_goes_on_until_nothing_expired_is_left()
    {
        await _host.Database.Do(
            _host.Database.Writer,
            $"""
            insert into idempotency_keys (scope, key, request_hash, lease, lease_until, expires_at)
            select 's', n::text, '', gen_random_uuid(), timestamptz '2026-01-01',
                   timestamptz '2026-01-01' + n * interval '1 s'
            from generate_series(1, {2 * IdempotencyKeys.SweptAtOnce + 1}) as n
            """);

        (await _host.Keys.Sweep(CancellationToken.None)).ShouldBe(2 * IdempotencyKeys.SweptAtOnce + 1);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("with space")]
    [TestCase("ümlaut")]
    public async Task A_missing_or_malformed_key_is_refused(string? key)
    {
        var refused = await _host.Post("/count", key, """{"value":7}""");

        await IsProblem(refused, HttpStatusCode.BadRequest, "urn:billing:problem:invalid");
        _host.CarriedOut.ShouldBe(0);
    }

    [TestCase("/count", 1, 255)]
    [TestCase("/careful", 16, 255)]
    public async Task A_key_has_a_length(string path, int shortest, int longest)
    {
        foreach (var length in new[] { shortest - 1, longest + 1 })
            (await Post(length)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        foreach (var length in new[] { shortest, longest })
            (await Post(length)).StatusCode.ShouldNotBe(HttpStatusCode.BadRequest);

        Task<HttpResponseMessage> Post(int length) =>
            _host.Post(path, new string('k', length), """{"value":7}""");
    }

    [Test]
    public async Task Where_a_key_is_optional_a_request_without_is_carried_out_each_time()
    {
        await _host.Post("/optional", key: null);
        await _host.Post("/optional", key: null);
        await _host.Post("/optional", Key);
        await _host.Post("/optional", Key);

        _host.CarriedOut.ShouldBe(3);
    }

    [Test]
    public async Task A_refusal_is_an_answer_like_any_other()
    {
        await _host.Post("/refuse", Key);

        var again = await _host.Post("/refuse", Key);

        await IsProblem(again, HttpStatusCode.UnprocessableEntity, "urn:billing:problem:unprocessable");
        again.Headers.Contains(IdempotencyKey.ReplayedHeader).ShouldBeTrue();
        _host.CarriedOut.ShouldBe(1);
    }

    [TestCase(500)]
    [TestCase(503)]
    [TestCase(429)]
    [TestCase(408)]
    public async Task A_failure_leaves_the_key_free(int status)
    {
        _host.Fail = _ => Task.FromResult(Results.StatusCode(status));
        await _host.Post("/fail", Key);
        _host.Fail = _ => Task.FromResult(Results.Ok());

        (await _host.Post("/fail", Key)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task An_exception_leaves_the_key_free_and_is_a_problem()
    {
        _host.Fail = _ => throw new InvalidOperationException("a defect");
        var failed = await _host.Post("/fail", Key);
        await IsProblem(failed, HttpStatusCode.InternalServerError, "urn:billing:problem:internal");
        _host.Fail = _ => Task.FromResult(Results.Ok());

        (await _host.Post("/fail", Key)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task A_body_that_cannot_be_read_leaves_the_key_free()
    {
        (await _host.Post("/count", Key, "{")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        (await _host.Post("/count", Key, """{"value":7}""")).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Test]
    public async Task A_caller_that_hangs_up_leaves_the_key_free()
    {
        using var hangUp = new CancellationTokenSource();
        _host.Fail = async context =>
        {
            await hangUp.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return Results.Ok();
        };
        await Should.ThrowAsync<OperationCanceledException>(
            () => _host.Post("/fail", Key, cancellation: hangUp.Token));
        _host.Fail = _ => Task.FromResult(Results.Ok());

        await Eventually.Is(async () => (await _host.Post("/fail", Key)).StatusCode == HttpStatusCode.OK);
    }

    [Test]
    public async Task An_answer_that_is_too_large_is_sent_once_and_the_work_is_not_done_again()
    {
        var first = await _host.Post("/large", Key);
        (await first.Content.ReadAsStringAsync()).Length.ShouldBe(KeptBody.Largest + 1);

        await IsProblem(
            await _host.Post("/large", Key), HttpStatusCode.Conflict, "urn:billing:problem:conflict");
        _host.CarriedOut.ShouldBe(1);
    }

    [Test]
    public async Task A_request_that_is_too_large_is_refused() => await IsProblem(
        await _host.Post("/count", Key, new string(' ', IdempotencyKey.LargestRequestBytes + 1)),
        HttpStatusCode.RequestEntityTooLarge, "urn:billing:problem:too-large");

    [Test]
    public async Task Nothing_stored_names_the_caller()
    {
        await _host.Post("/nothing", Key, subject: "ann@example.org", tenant: "acme");

        (await _host.Database.Ask<string>(
            _host.Database.Writer, "select scope || request_hash::text from idempotency_keys"))
            .ShouldNotContain("acme");
    }

    private static async Task IsProblem(HttpResponseMessage answer, HttpStatusCode status, string type)
    {
        answer.StatusCode.ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        problem.RootElement.GetProperty("type").GetString().ShouldBe(type);
    }
}
