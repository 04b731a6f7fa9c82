using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults;

/// <summary>
/// A clock for demonstrations and tests, there only where <c>Clock:IsSettable</c> says so. It can be set
/// forward, never back, and runs on from there at the usual pace; waits and timeouts take the time they
/// always take. A process that starts again is back in the present.
/// </summary>
public sealed class SettableClock(TimeProvider system) : TimeProvider
{
    public const string Setting = "Clock:IsSettable";
    public const string Route = "/api/v1/meta/clock";

    private long _aheadTicks;

    public sealed record Reading(DateTimeOffset Now);

    public override long TimestampFrequency => system.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => system.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() =>
        system.GetUtcNow().AddTicks(Interlocked.Read(ref _aheadTicks));

    public override long GetTimestamp() => system.GetTimestamp();

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        system.CreateTimer(callback, state, dueTime, period);

    /// <summary>False where the clock is further already; then nothing has changed.</summary>
    public bool TrySet(DateTimeOffset now)
    {
        var ahead = (now - system.GetUtcNow()).Ticks;
        var before = Interlocked.Read(ref _aheadTicks);
        while (ahead >= before)
        {
            var found = Interlocked.CompareExchange(ref _aheadTicks, ahead, before);
            if (found == before) return true;
            before = found;
        }

        return false;
    }

    public static bool IsAskedFor(IConfiguration configuration) => configuration.Optional(Setting, false);

    /// <summary>Adds nothing to a service whose clock is the system's.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        if (routes.ServiceProvider.GetRequiredService<TimeProvider>() is not SettableClock clock) return;

        var group = routes.MapGroup(Route).WithTags("Meta").RequireAuthorization(Policies.Admin);
        group.MapGet("", () => TypedResults.Ok(new Reading(clock.GetUtcNow())))
            .WithName("GetClock").WithSummary("What time it is for this service.");
        group.MapPut("", (Reading wanted) => Set(clock, wanted))
            .WithName("SetClock").WithSummary("Sets the service's clock forward.");
    }

    private static Results<Ok<Reading>, ProblemHttpResult> Set(SettableClock clock, Reading wanted) =>
        clock.TrySet(wanted.Now)
            ? TypedResults.Ok(new Reading(clock.GetUtcNow()))
            : Problems.Refuse(
                ProblemTypes.Conflict, "The clock is further already; it is never set back.",
                [new("now", clock.GetUtcNow())]);
}
