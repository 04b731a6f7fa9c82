namespace Billing.Usage;

/// <summary>Where usage goes, how much of it may wait in memory, and who hears of its fate.</summary>
public sealed class UsageOptions
{
    /// <summary>Of the Ingestion service, such as <c>https://billing.example</c>.</summary>
    public required Uri Address { get; init; }

    /// <summary>
    /// An API key (<c>bk_…</c>) that may speak for <see cref="Source"/>. Asked for at each call, so that a
    /// key can be changed while the process runs.
    /// </summary>
    public required Func<string> ApiKey { get; init; }

    /// <summary>CloudEvents' source of every event of this sender: 1 to 256 characters.</summary>
    public required string Source { get; init; }

    /// <summary>
    /// The sequence number of the first event, or null for none. Numbers show in the delivery report which
    /// events never arrived, dropped ones included. They belong to the source, so a source has one sender at
    /// a time, and a later sender goes on after <see cref="UsageSender.LastSequence"/>.
    /// </summary>
    public long? FirstSequence { get; init; }

    /// <summary>What <see cref="UsageSender.Emit"/> does when no room is left.</summary>
    public WhenFull WhenFull { get; init; } = WhenFull.DropNewest;

    /// <summary>Events in memory, waiting or on their way: 1 and more.</summary>
    public int MostEvents { get; init; } = 10_000;

    /// <summary>Bytes of events in memory, as JSON: at least one event of the largest size.</summary>
    public long MostBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Events in a call, 1 to 1,000: no more are accepted at once.</summary>
    public int BatchEvents { get; init; } = 500;

    /// <summary>Bytes in a call. The service takes 1 MiB.</summary>
    public int BatchBytes { get; init; } = 900 * 1024;

    /// <summary>How long the first event of a batch waits for others.</summary>
    public TimeSpan BatchWait { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Calls at the same time. Order does not matter to the service.</summary>
    public int CallsAtOnce { get; init; } = 2;

    /// <summary>For one call, its answer included.</summary>
    public TimeSpan LongestCall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Before the first call again; it doubles from then on, with jitter.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Between two calls of the same batch. There is no last call: the buffer is what is bounded.
    /// </summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long disposing goes on sending before the rest is given up.</summary>
    public TimeSpan LongestGoodbye { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Told the fate of each event, once, from several threads at once. It should be quick: it runs in the
    /// way of the calls.
    /// </summary>
    public Action<UsageVerdict>? OnVerdict { get; init; }

    /// <summary>
    /// Told of each call that failed and will be made again, and of each OnVerdict that threw.
    /// </summary>
    public Action<UsageTrouble>? OnTrouble { get; init; }

    // This library runs in the producer's process, at the edge: no host of ours could bring a clock.
#pragma warning disable RS0030
    public TimeProvider Time { get; init; } = TimeProvider.System;
#pragma warning restore RS0030

    /// <summary>What calls go through, for a proxy, certificates or a test. Not disposed.</summary>
    public HttpMessageHandler? Handler { get; init; }

    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(Address);
        ArgumentNullException.ThrowIfNull(ApiKey);
        UsageEvent.CheckText(Source, nameof(Source));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MostEvents);
        ArgumentOutOfRangeException.ThrowIfLessThan(MostBytes, UsageEvent.LargestBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchEvents);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchEvents, 1_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchBytes, UsageEvent.LargestBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(CallsAtOnce);
        ArgumentOutOfRangeException.ThrowIfLessThan(FirstSequence ?? 0, 0);
        foreach (var span in (TimeSpan[])[LongestCall, FirstPause, LongestPause])
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero);
        foreach (var span in (TimeSpan[])[BatchWait, LongestGoodbye])
            ArgumentOutOfRangeException.ThrowIfLessThan(span, TimeSpan.Zero);
        if (!Address.IsAbsoluteUri)
            throw new ArgumentException("The address is not absolute.", nameof(Address));
    }
}

/// <summary>What happens to an event that finds no room. Whichever it is, the caller never waits.</summary>
public enum WhenFull
{
    /// <summary>
    /// The event is not taken: counted, told to OnVerdict, and seen as a gap where events are numbered.
    /// </summary>
    DropNewest,

    /// <summary>
    /// <see cref="UsageBufferFullException"/>; the event is not taken and uses up no number.
    /// </summary>
    Throw,
}

/// <summary>No room is left, and the sender was told to say so in this way.</summary>
public sealed class UsageBufferFullException(int events)
    : InvalidOperationException($"{events} usage events wait to be sent, and no more may.");
