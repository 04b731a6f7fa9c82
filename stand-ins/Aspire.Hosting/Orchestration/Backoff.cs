namespace Aspire.Hosting.Orchestration;

/// <summary>How long to wait before a resource that ended is started again.</summary>
internal sealed class Backoff
{
    /// <summary>Healthy for so long, its next end counts as the first.</summary>
    public static readonly TimeSpan Forgiven = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan[] Delays =
        [.. new[] { 0.1, 0.5, 1, 2, 4, 8, 16, 30 }.Select(TimeSpan.FromSeconds)];

    private int _next;

    public TimeSpan After(TimeSpan healthyFor)
    {
        if (healthyFor >= Forgiven) _next = 0;
        var delay = Delays[_next];
        _next = Math.Min(_next + 1, Delays.Length - 1);
        return delay;
    }
}
