namespace Billing.Quota;

/// <summary>How a <see cref="QuotaClient"/> asks, and what it does without an answer.</summary>
public sealed record QuotaOptions
{
    /// <summary>A bearer token of the role producer; asked for with each call.</summary>
    public required Func<CancellationToken, ValueTask<string>> Token { get; init; }

    /// <summary>An answer counts that long without asking again.</summary>
    public TimeSpan Fresh { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a use may be under way until the service counts it. What was let through that shortly before
    /// an answer was asked for is taken off it as well: near a cap that is rather too much than too little.
    /// </summary>
    public TimeSpan Settling { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>While the service is away, the last answer counts that long.</summary>
    public TimeSpan Stale { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a caller waits for the one who asks, and that one for an answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>What happens when there is no answer to go by.</summary>
    public WhenAway WhenAway { get; init; } = WhenAway.Allow;

    /// <summary>
    /// Tenants and meters that are remembered. Beyond, those asked for longest ago are forgotten, and with
    /// them what was let through since.
    /// </summary>
    public int MostAnswers { get; init; } = 100_000;

#pragma warning disable RS0030 // Whoever uses the library composes it; this is what they mostly want.
    public TimeProvider Time { get; init; } = TimeProvider.System;
#pragma warning restore RS0030
}

/// <summary>What happens when there is no answer to go by.</summary>
public enum WhenAway
{
    /// <summary>Fails open: units go through, and are billed as all others.</summary>
    Allow,

    /// <summary>Fails closed: nothing goes through that nobody has allowed.</summary>
    Block,
}
