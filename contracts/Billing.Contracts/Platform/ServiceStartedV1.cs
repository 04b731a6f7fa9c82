namespace Billing.Contracts.Platform;

/// <summary>A service process is ready to work. Written by every service, read by the Console.</summary>
/// <param name="Instance">Tells two processes of one service apart.</param>
[WireName("billing.platform.service-started.v1")]
public sealed record ServiceStartedV1(
    string Service, string Instance, string Version, DateTimeOffset StartedAt);
