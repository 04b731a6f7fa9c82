using System.Diagnostics;
using System.Net.Sockets;

namespace Billing.Bench.Quota;

/// <summary>
/// So many calls a second, each sent when its time has come whether or not those before are answered. What one
/// took is from the moment at which it was due, so waiting for the caller's own turn counts as well.
/// </summary>
internal sealed class OpenLoop(Uri address, string? token)
{
    private const int Connections = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), Late = TimeSpan.FromMilliseconds(5);

    private readonly string? authorization = token is null ? null : $"Bearer {token}";

    /// <param name="Late">
    /// Sent more than 5 ms after they were due: all connections were busy, or the machine had no room for the caller.
    /// </param>
    /// <param name="ClientMicros">Of CPU for each call, which is taken from the two that are measured.</param>
    public sealed record Run(
        int PerSecond, int Calls, double P50Milliseconds, double P99Milliseconds, double MaxMilliseconds, int Late,
        int Wrong, double ClientMicros)
    {
        /// <summary>Of CPU for each call, of the service and of PostgreSQL.</summary>
        public double ServiceMicros { get; init; }

        public double PostgresMicros { get; init; }
    }

    /// <exception cref="BenchFailed">It does not answer at all.</exception>
    public async Task UntilReady(string path, Action shouldRun, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            shouldRun();
            try
            {
                using var caller = new Caller(address, authorization);
                if (caller.Get(path).Status == 200) return;
            }
            catch (SocketException)
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
        var began = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 10);
        var (calls, next, late, wrong) = (perSecond * seconds, -1, 0, 0);
        var times = new double[calls];
        var client = Environment.CpuUsage.TotalTime;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Factory.StartNew(
            Caller, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        client = Environment.CpuUsage.TotalTime - client;
        Array.Sort(times);
        return new Run(
            perSecond, calls, times[calls / 2], times[(int)(calls * 0.99)], times[^1], late, wrong,
            client.TotalMicroseconds / calls);

        // Whoever is free takes the next call. While all are busy it is late, which its time says.
        void Caller()
        {
            using var caller = new Caller(address, authorization);
            for (int call; (call = Interlocked.Increment(ref next)) < calls;)
            {
                cancellation.ThrowIfCancellationRequested();
                var due = began + (long)((double)call / perSecond * Stopwatch.Frequency);
                while (due - Stopwatch.GetTimestamp() is > 0 and var left)
                    Thread.Sleep(TimeSpan.FromSeconds((double)left / Stopwatch.Frequency));
                if (Stopwatch.GetElapsedTime(due) > Late) Interlocked.Increment(ref late);
                var answer = caller.Get(path(call));
                times[call] = Stopwatch.GetElapsedTime(due).TotalMilliseconds;
                if (answer.Status != 200 || answer.Body.IsEmpty) Interlocked.Increment(ref wrong);
            }
        }
    }, cancellation);
}
