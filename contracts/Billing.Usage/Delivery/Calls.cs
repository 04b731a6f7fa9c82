using System.Net.Http.Headers;
using Polly;
using Polly.Retry;

namespace Billing.Usage.Delivery;

/// <summary>
/// Makes the calls: again until there is an answer that says something about the events. What the service
/// refuses as a whole is halved until the culprit stands alone.
/// </summary>
internal sealed class Calls : IDisposable
{
    private static readonly MediaTypeHeaderValue _batch = new("application/cloudevents-batch+json");
    private static readonly ResiliencePropertyKey<int> _events = new("billing.usage.events");

    private readonly UsageOptions _options;
    private readonly Metrics _metrics;
    private readonly HttpClient _client;
    private readonly Uri _address;
    private readonly ResiliencePipeline<Answer> _untilAnswered;

    public Calls(UsageOptions options, Metrics metrics)
    {
        (_options, _metrics) = (options, metrics);
        _client = options.Handler is { } given
            ? new(given, disposeHandler: false)
            // A connection that lives for ever never notices that the address has moved; and a redirect would
            // make a GET of a POST.
            : new(new SocketsHttpHandler
            {
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                AllowAutoRedirect = false,
            });
        _client.Timeout = Timeout.InfiniteTimeSpan;
        _address = new(new(options.Address.AbsoluteUri.TrimEnd('/') + "/"), "api/v1/events");
        _untilAnswered = new ResiliencePipelineBuilder<Answer> { TimeProvider = options.Time }
            .AddRetry(Again())
            .AddTimeout(options.LongestCall)
            .Build();
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Every event of the batch is settled when this is done. It does not throw.</summary>
    public async Task Deliver(
        IReadOnlyList<Item> batch, Action<Item, ItemVerdict> settle, CancellationToken giveUp)
    {
        Answer? answer;
        try
        {
            answer = await Ask(batch, giveUp);
        }
        catch (Exception) when (giveUp.IsCancellationRequested)
        {
            answer = null; // given up, with whatever the last call ended
        }

        if (answer is null or { MayPass: true })
            foreach (var item in batch) settle(item, ItemVerdict.Abandoned);
        else if (answer.Verdicts is { } verdicts)
            for (var place = 0; place < batch.Count; place++)
                settle(batch[place], verdicts[place]);
        else if (batch is [var alone])
            settle(alone, new(Verdict.Rejected, $"http-{(int)answer.Status}", answer.Why));
        else
        {
            var middle = batch.Count / 2;
            await Deliver([.. batch.Take(middle)], settle, giveUp);
            await Deliver([.. batch.Skip(middle)], settle, giveUp);
        }
    }

    public void Trouble(UsageTrouble trouble)
    {
        try
        {
            _options.OnTrouble?.Invoke(trouble);
        }
        catch (Exception)
        {
            // It is the last one who could be told. Usage goes on, and the metric shows it.
            _metrics.ListenerFailed();
        }
    }

    private async Task<Answer> Ask(IReadOnlyList<Item> batch, CancellationToken giveUp)
    {
        var context = ResilienceContextPool.Shared.Get(giveUp);
        context.Properties.Set(_events, batch.Count);
        try
        {
            return await _untilAnswered.ExecuteAsync(
                static async (context, given) =>
                    await given.Calls.Try(given.Batch, context.CancellationToken),
                context, (Calls: this, Batch: batch));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async Task<Answer> Try(IReadOnlyList<Item> batch, CancellationToken cancellation)
    {
        var began = _options.Time.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, _address)
        {
            Content = new ByteArrayContent(Item.Together(batch)),
        };
        request.Content.Headers.ContentType = _batch;
        request.Headers.Authorization = new("ApiKey", _options.ApiKey());
        using var response = await _client.SendAsync(request, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        _metrics.Called(_options.Time.GetElapsedTime(began), (int)response.StatusCode);

        return Answer.Of(response, body, batch, _options.Time.GetUtcNow());
    }

    private RetryStrategyOptions<Answer> Again() => new()
    {
        // Whatever was thrown, be it by the source of the key, says nothing about the events.
        ShouldHandle = attempt => new(attempt.Outcome.Exception is not null
            ? !attempt.Context.CancellationToken.IsCancellationRequested
            : attempt.Outcome.Result!.MayPass),
        MaxRetryAttempts = int.MaxValue,
        Delay = _options.FirstPause,
        MaxDelay = _options.LongestPause,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        DelayGenerator = attempt => new(attempt.Outcome.Result?.Pause), // null: as above
        OnRetry = attempt =>
        {
            _metrics.CalledAgain();
            var (answer, tries) = (attempt.Outcome.Result, attempt.AttemptNumber + 1);
            Trouble(new(
                answer?.Why ?? attempt.Outcome.Exception!.Message, (int?)answer?.Status,
                attempt.Context.Properties.GetValue(_events, 0), tries, attempt.Outcome.Exception));
            return default;
        },
    };
}
