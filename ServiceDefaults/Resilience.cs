using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Billing.ServiceDefaults;

/// <summary>
/// For calls to others: a limit for the whole, retries with jitter, a breaker, a limit for each try. Only
/// methods that may be repeated are (RFC 9110 §9.2.2); whoever sends an idempotency key repeats a POST
/// himself.
/// </summary>
public sealed class Resilience(TimeProvider time) : DelegatingHandler
{
    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestAll = TimeSpan.FromSeconds(20);

    private readonly ResiliencePipeline<HttpResponseMessage> _repeatable = Build(time, retries: 3);
    private readonly ResiliencePipeline<HttpResponseMessage> _once = Build(time, retries: 0);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var pipeline = IsRepeatable(request.Method) ? _repeatable : _once;
        return await pipeline.ExecuteAsync(
            async (message, cancellation) =>
                await base.SendAsync(message, cancellation), request, cancellationToken);
    }

    private static bool IsRepeatable(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Put
        || method == HttpMethod.Delete || method == HttpMethod.Options;

    private static ResiliencePipeline<HttpResponseMessage> Build(TimeProvider time, int retries)
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time };
        builder.AddTimeout(LongestAll);
        if (retries > 0)
            builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                ShouldHandle = Transient(),
                MaxRetryAttempts = retries,
                Delay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                OnRetry = retry =>
                {
                    retry.Outcome.Result?.Dispose();
                    return default;
                },
            });
        return builder
            .AddCircuitBreaker(
                new CircuitBreakerStrategyOptions<HttpResponseMessage> { ShouldHandle = Transient() })
            .AddTimeout(LongestTry)
            .Build();
    }

    private static PredicateBuilder<HttpResponseMessage> Transient() =>
        new PredicateBuilder<HttpResponseMessage>()
            .Handle<HttpRequestException>()
            .Handle<TimeoutRejectedException>()
            .HandleResult(
                answer => answer.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
                || answer.StatusCode >= HttpStatusCode.InternalServerError);
}

public static class ResilientClients
{
    public static IHttpClientBuilder WithResilience(this IHttpClientBuilder client)
    {
        client.AddHttpMessageHandler(provider => new Resilience(provider.GetRequiredService<TimeProvider>()));
        return client;
    }
}
