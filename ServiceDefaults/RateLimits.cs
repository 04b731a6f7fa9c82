using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults;

/// <summary>
/// So many requests per window and caller, counted in this process. Callers are people (100 in 15 minutes),
/// producers, or an address while nobody has said who it is. <c>RateLimits:Interactive:Permits</c> and so on
/// change it.
/// </summary>
public sealed class RateLimits(IConfiguration configuration, TimeProvider time)
{
    /// <summary>More callers than this at once, and those whose window is over are forgotten first.</summary>
    private const int MostCallers = 100_000;

    private readonly ConcurrentDictionary<string, Window> _windows = new(StringComparer.Ordinal);

    public sealed record Policy(string Name, int Permits, TimeSpan Per);

    /// <param name="Remaining">How many are left in the window; negative means: refused.</param>
    public readonly record struct Verdict(Policy Policy, int Remaining, TimeSpan UntilReset)
    {
        public bool IsAllowed => Remaining >= 0;
    }

    public Policy Interactive { get; } = Read(configuration, "Interactive", 100, TimeSpan.FromMinutes(15));
    public Policy Producer { get; } = Read(configuration, "Producer", 60_000, TimeSpan.FromMinutes(1));
    public Policy Anonymous { get; } = Read(configuration, "Anonymous", 100, TimeSpan.FromMinutes(15));

    public Verdict Take(Policy policy, string caller)
    {
        var now = time.GetUtcNow();
        if (_windows.Count > MostCallers) Forget(now);

        var window = _windows.AddOrUpdate(
            $"{policy.Name}/{caller}",
            _ => new Window(now + policy.Per, 1),
            (_, open) =>
                now < open.End ? open with { Taken = open.Taken + 1 } : new Window(now + policy.Per, 1));
        return new Verdict(policy, Math.Max(-1, policy.Permits - window.Taken), window.End - now);
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (caller, window) in _windows)
            if (window.End <= now) _windows.TryRemove(new(caller, window));
        if (_windows.Count > MostCallers) _windows.Clear();
    }

    private static Policy Read(IConfiguration configuration, string name, int permits, TimeSpan per)
    {
        var policy = new Policy(
            name.ToLowerInvariant(),
            configuration.Optional($"RateLimits:{name}:Permits", permits),
            configuration.Optional($"RateLimits:{name}:Per", per));
        return policy is { Permits: > 0 } && policy.Per > TimeSpan.Zero
            ? policy
            : throw new CannotStartException(
                $"Configuration 'RateLimits:{name}' needs a positive number and time.");
    }

    private sealed record Window(DateTimeOffset End, int Taken);
}

/// <summary>
/// The limiter in the pipeline: after authentication, so that a caller is a person and not an address.
/// </summary>
public static class RateLimiting
{
    private sealed record NoLimit;

    public static IServiceCollection AddRateLimits(
        this IServiceCollection services, IConfiguration configuration) =>
        services.AddSingleton(provider =>
            new RateLimits(configuration, provider.GetRequiredService<TimeProvider>()));

    public static TBuilder WithoutRateLimit<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new NoLimit());

    public static void UseRateLimits(this IApplicationBuilder app)
    {
        var limits = app.ApplicationServices.GetRequiredService<RateLimits>();
        app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<NoLimit>() is not null)
            {
                await next(context);
                return;
            }

            var (policy, caller) = PolicyOf(context, limits);
            var verdict = limits.Take(policy, caller);
            Tell(context.Response, verdict);
            if (verdict.IsAllowed)
                await next(context);
            else
                await Problems.Write(context, ProblemTypes.RateLimited,
                    $"{policy.Permits} requests in {policy.Per.TotalMinutes:0.##} minutes are allowed.");
        });
    }

    private static (RateLimits.Policy, string) PolicyOf(HttpContext context, RateLimits limits)
    {
        if (!Caller.TryOf(context.User, out var caller))
            return (limits.Anonymous, context.Connection.RemoteIpAddress?.ToString() ?? "nowhere");

        var policy = caller.Role == Roles.Producer ? limits.Producer : limits.Interactive;
        return (policy, $"{caller.Role}/{caller.Tenant}/{caller.ApiKey}/{caller.Subject}");
    }

    /// <summary>draft-ietf-httpapi-ratelimit-headers, and RFC 9110's Retry-After.</summary>
    private static void Tell(HttpResponse response, RateLimits.Verdict verdict)
    {
        var (policy, seconds) = (verdict.Policy, (long)Math.Ceiling(verdict.UntilReset.TotalSeconds));
        var window = (long)policy.Per.TotalSeconds;
        response.Headers["RateLimit-Policy"] = $"\"{policy.Name}\";q={policy.Permits};w={window}";
        response.Headers["RateLimit"] = $"\"{policy.Name}\";r={Math.Max(0, verdict.Remaining)};t={seconds}";
        if (!verdict.IsAllowed) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
    }
}
