namespace Aspire.Hosting.Dashboard;

internal sealed record EndpointView(string Name, string Url);

internal sealed record EnvironmentView(string Name, string Value, bool IsSecret);

internal sealed record ResourceView(
    string Name,
    string Kind,
    string State,
    string Health,
    string? HealthDetail,
    IReadOnlyList<EndpointView> Endpoints,
    IReadOnlyList<EnvironmentView> Environment,
    int? ProcessId,
    DateTimeOffset? StartedAt,
    int Restarts,
    int? ExitCode,
    string? Command,
    IReadOnlyList<string> WaitsFor,
    IReadOnlyList<string> Commands /* start|stop|restart offered now */);

internal sealed record ConsoleLine(long Number, DateTimeOffset At, bool IsError, string Text);

internal interface IResourceSource
{
    IReadOnlyList<ResourceView> Resources { get; }

    /// <summary>Grows with each change.</summary>
    long Version { get; }

    Task WaitForChange(long seenVersion, CancellationToken cancellation);

    /// <summary>The lines kept of a resource with a number above <paramref name="after"/>, oldest first.</summary>
    IReadOnlyList<ConsoleLine> ConsoleLines(string resource, long after, int atMost);

    Task Execute(string resource, string command, CancellationToken cancellation);
}

/// <param name="Frontend">Port 0 takes a free one.</param>
/// <param name="BrowserToken">Made at start when null.</param>
internal sealed record DashboardOptions(
    string ApplicationName,
    Uri Frontend,
    Uri OtlpGrpc,
    Uri OtlpHttp,
    string OtlpApiKey,
    string? BrowserToken,
    bool AllowAnonymous);

/// <param name="Login">Opens the page and logs in: carries the token.</param>
internal sealed record DashboardAddresses(Uri Frontend, Uri Login, Uri OtlpGrpc, Uri OtlpHttp);
