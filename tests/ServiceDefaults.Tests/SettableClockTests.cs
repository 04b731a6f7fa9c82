using System.Net;
using System.Net.Http.Json;
using Billing.Testbed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Billing.ServiceDefaults.Tests;

public sealed class SettableClockTests
{
    private static readonly DateTimeOffset Later = TestService.Start.AddDays(31);

    [Test]
    public void it_runs_on_from_where_it_was_set()
    {
        var system = new VirtualTime(TestService.Start);
        var clock = new SettableClock(system);

        clock.TrySet(Later).ShouldBeTrue();
        system.Advance(TimeSpan.FromSeconds(5));

        clock.GetUtcNow().ShouldBe(Later.AddSeconds(5));
    }

    [Test]
    public void it_is_never_set_back()
    {
        var clock = new SettableClock(new VirtualTime(TestService.Start));

        clock.TrySet(TestService.Start.AddTicks(-1)).ShouldBeFalse();
        clock.TrySet(Later).ShouldBeTrue();
        clock.TrySet(Later.AddTicks(-1)).ShouldBeFalse();

        clock.GetUtcNow().ShouldBe(Later);
    }

    [Test]
    public void set_by_many_at_once_it_ends_at_the_latest()
    {
        var clock = new SettableClock(new VirtualTime(TestService.Start));

        Parallel.For(0, 1_000, hour => clock.TrySet(TestService.Start.AddHours(hour)));

        clock.GetUtcNow().ShouldBe(TestService.Start.AddHours(999));
    }

    [Test]
    public async Task an_admin_sets_it_over_http_and_nobody_else()
    {
        await using var service = await WithClock();

        (await Put(service, Roles.Ops, Later)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Put(service, Roles.Admin, Later)).StatusCode.ShouldBe(HttpStatusCode.OK);

        service.Services.GetRequiredService<TimeProvider>().GetUtcNow().ShouldBe(Later);
    }

    [Test]
    public async Task setting_it_back_is_refused_and_says_where_it_is()
    {
        await using var service = await WithClock();

        var refused = await Put(service, Roles.Admin, TestService.Start.AddHours(-1));

        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await TestService.Json(refused)).GetProperty("now").GetDateTimeOffset().ShouldBe(TestService.Start);
    }

    [Test]
    public async Task without_the_setting_there_is_no_such_endpoint()
    {
        await using var service = await TestService.Run();

        (await Put(service, Roles.Admin, Later)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Test]
    public void the_setting_makes_the_clock()
    {
        new ServiceCollection().AddTime(Asking("true")).BuildServiceProvider()
            .GetRequiredService<TimeProvider>().ShouldBeOfType<SettableClock>();
        new ServiceCollection().AddTime(Asking(null)).BuildServiceProvider()
            .GetRequiredService<TimeProvider>().ShouldBeSameAs(TimeProvider.System);
    }

    private static Microsoft.Extensions.Configuration.ConfigurationManager Asking(string? value)
    {
        var configuration = new Microsoft.Extensions.Configuration.ConfigurationManager();
        configuration[SettableClock.Setting] = value;
        return configuration;
    }

    private static Task<TestService> WithClock() => TestService.Run(add: builder =>
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(
            new SettableClock(new VirtualTime(TestService.Start)))));

    private static Task<HttpResponseMessage> Put(TestService service, string role, DateTimeOffset now) =>
        service.Send(
            HttpMethod.Put, SettableClock.Route, TestService.TokenOf(role),
            JsonContent.Create(new SettableClock.Reading(now)));
}
