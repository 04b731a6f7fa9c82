namespace Billing.Contracts.Platform;

/// <summary>
/// A reader misses numbers of a lane; the topic's owner publishes them again from its store. Asking twice
/// does no harm. Written by any reader, read by every owner.
/// </summary>
/// <param name="Reader">The service that asks.</param>
/// <param name="Generation">The generation that it has read so far; another one is not replayed.</param>
/// <param name="From">The first number that is missing.</param>
/// <param name="Through">The last one.</param>
[WireName("billing.platform.replay-request.v1")]
public sealed record ReplayRequestV1(
    string Reader, string Topic, int Lane, string Generation, long From, long Through);
