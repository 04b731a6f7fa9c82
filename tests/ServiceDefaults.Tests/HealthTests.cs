using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Billing.ServiceDefaults.Tests;

public class HealthTests
{
    [Test]
    public async Task a_failed_check_is_named_and_its_exception_is_not()
    {
        await using var service = await TestService.Run(add: builder => builder.Services.AddHealthChecks()
            .AddCheck("store", HealthCheckResult () => throw new InvalidOperationException(
                "Password=secret"), tags: [Health.ReadyTag])
            .AddCheck(
                "other", () => HealthCheckResult.Unhealthy("It does not answer."), tags: [Health.ReadyTag]));

        var ready = await service.Get(Health.ReadyRoute);
        var live = await service.Get(Health.LiveRoute);

        ready.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await ready.Content.ReadAsStringAsync()).ShouldBe(
            """
            {"status":"unhealthy","checks":{"not-stopping":{"status":"healthy","description":null},"store":{"status":"unhealthy","description":"The check failed; the log says why."},"other":{"status":"unhealthy","description":"It does not answer."}}}
            """);
        live.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task before_a_service_stops_it_says_that_it_is_not_ready_and_still_answers()
    {
        await using var service = await TestService.Run(settings: ("Shutdown:Drain", "00:00:10"));
        (await service.Get(Health.ReadyRoute)).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var enough = new CancellationTokenSource();

        var stopping = service.Services.GetRequiredService<Shutdown>().StoppingAsync(enough.Token);

        stopping.IsCompleted.ShouldBeFalse();
        (await service.Get(Health.ReadyRoute)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await service.Get(Health.LiveRoute)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await enough.CancelAsync();
        await stopping;
    }

    [Test]
    public async Task answers_are_neither_kept_nor_framed_nor_guessed_at()
    {
        await using var service = await TestService.Run();

        var answer = await service.Get(Meta.FeaturesRoute);

        answer.Headers.CacheControl?.NoStore.ShouldBeTrue();
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        answer.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);
        answer.Headers.GetValues("Content-Security-Policy")
            .ShouldBe(["default-src 'none'; frame-ancestors 'none'"]);
        answer.Headers.Contains("Server").ShouldBeFalse();
    }
}
