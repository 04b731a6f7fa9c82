using Billing.Contracts.Values;

namespace Billing.Contracts.Platform;

/// <summary>
/// How far the lanes of one partition go, every two seconds without news and at start, so that a reader
/// notices a lost tail. Not numbered itself. Written by the relay of each topic on that topic.
/// </summary>
[WireName("billing.platform.tide.v1")]
public sealed record TideV1(string Topic, int Partition, string Generation, IReadOnlyList<LaneTideV1> Lanes);

/// <summary>The end of one lane.</summary>
/// <param name="LastNumber">0 while the lane is empty.</param>
/// <param name="LastFact">The fact that has that number.</param>
/// <param name="ReadUpTo">On usage: the moment up to which every raw partition was read.</param>
public sealed record LaneTideV1(
    int Lane, long LastNumber, FactId? LastFact = null, DateTimeOffset? ReadUpTo = null);
