using System.Diagnostics;
using System.Net.Http.Headers;

namespace Billing.Bench.Quota;

/// <summary>
/// So many calls a second, each sent when its time has come whether or not those before are answered. What one
/// took is from the moment at which it was due, so waiting for the caller's own turn counts as well.
/// </summary>
internal sealed class OpenLoop : IDisposable
{
    private const int Connections = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly HttpClient _client;

    public OpenLoop(Uri address, string? token)
    {
        _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = Connections }) { BaseAddress = address };
        if (token is not null) _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <param name="Late">Sent more than 5 ms after they were due: the machine had no room for the caller.</param>
    public sealed record Run(
        int PerSecond, int Calls, double P50Milliseconds, double P99Milliseconds, double MaxMilliseconds, int Late,
        int Wrong);

    /// <exception cref="BenchFailed">It does not answer at all.</exception>
    public async Task UntilReady(string path, Action shouldRun, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            shouldRun();
            try
            {
                using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative), cancellation);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            if (clock.Elapsed > Patience) throw new BenchFailed($"{path} is not answered.");
            await Task.Delay(50, cancellation);
        }
    }

    public Task<Run> Measure(
        Func<int, string> path, int perSecond, int seconds, CancellationToken cancellation) => Task.Run(async () =>
    {
        var calls = new Task<(TimeSpan Took, bool IsRight)>[perSecond * seconds];
        var (began, late) = (Stopwatch.GetTimestamp(), 0);
        for (var call = 0; call < calls.Length; call++)
        {
            cancellation.ThrowIfCancellationRequested();
            var due = began + (long)((double)call / perSecond * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < due) Thread.Sleep(TimeSpan.FromMicroseconds(200));
            if (Stopwatch.GetElapsedTime(due) > TimeSpan.FromMilliseconds(5)) late++;
            calls[call] = Call(path(call), due, cancellation);
        }

        var answers = await Task.WhenAll(calls);
        var times = answers.Select(answer => answer.Took.TotalMilliseconds).Order().ToList();
        return new Run(
            perSecond, calls.Length, times[times.Count / 2], times[(int)(times.Count * 0.99)], times[^1], late,
            answers.Count(answer => !answer.IsRight));
    }, cancellation);

    public void Dispose() => _client.Dispose();

    private async Task<(TimeSpan, bool)> Call(string path, long due, CancellationToken cancellation)
    {
        using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        var body = await answer.Content.ReadAsByteArrayAsync(cancellation);
        return (Stopwatch.GetElapsedTime(due), answer.IsSuccessStatusCode && body.Length > 0);
    }
}
