namespace Billing.Ingestion.Usage;

/// <summary>What one caller brought to <see cref="CommitTogether"/>, and waits for.</summary>
internal sealed class WaitingCall(IReadOnlyList<Arrival> arrivals)
{
    // Whoever waits goes on where this is set, without another thread that has to wake up.
    private readonly TaskCompletionSource<IReadOnlyList<Verdict>> _verdicts = new();

    public IReadOnlyList<Arrival> Arrivals => arrivals;

    public long Bytes { get; } = arrivals.Sum(arrival => (long)arrival.Original.Length);

    public Task<IReadOnlyList<Verdict>> Verdicts => _verdicts.Task;

    public static Arrival[] Together(List<WaitingCall> calls) => calls is [{ Arrivals: Arrival[] only }]
        ? only
        : [.. calls.SelectMany(call => call.Arrivals)];

    /// <summary>Each of them its own, in their order.</summary>
    public static void Tell(List<WaitingCall> calls, Verdict[] verdicts)
    {
        var from = 0;
        foreach (var call in calls)
        {
            call._verdicts.SetResult(new ArraySegment<Verdict>(verdicts, from, call.Arrivals.Count));
            from += call.Arrivals.Count;
        }
    }

    public void Fail(Exception failed) => _verdicts.SetException(failed);
}
