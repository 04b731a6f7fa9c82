using Aspire.Hosting.ApplicationModel;
using Billing.AppHost.Infrastructure;
using Microsoft.Extensions.Hosting;

namespace Billing.AppHost.Reporting;

/// <summary>How the run ends, for the process's exit code.</summary>
public sealed class Outcome
{
    public int ExitCode { get; internal set; }
}

/// <summary>
/// Waits until every resource is healthy and says so, with a table; or says in one sentence which one failed,
/// and ends the stack.
/// </summary>
internal sealed class Report(
    Installation installation, TakenInfrastructure taken, WatchedResources watched,
    ResourceNotificationService notifications,
    ResourceLoggerService logs, IHostApplicationLifetime lifetime, Outcome outcome) : BackgroundService
{
    private static readonly TimeSpan quiet = TimeSpan.FromSeconds(30);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        File.Delete(installation.RunningFile);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var start = new Startup(watched.All);
        using var waiting = new Timer(_ => SayWhatIsAwaited(start), null, quiet, quiet);
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            start.Note(change);
            if (start.Failed is { } failed)
            {
                await Fail(failed, stoppingToken);
                return;
            }

            if (!start.IsComplete) continue;
            await waiting.DisposeAsync();
            await Succeed(start, stoppingToken);
            return;
        }
    }

    private async Task Succeed(Startup start, CancellationToken cancellation)
    {
        await RunningFile.Write(installation, start, taken, cancellation);
        foreach (var line in Table.Of(start.Rows())) System.Console.WriteLine(line);
        foreach (var line in taken.Lines) System.Console.WriteLine(line);
        System.Console.WriteLine($"Data in {installation.Directory}. Everything is healthy.");
    }

    private async Task Fail(Failure failure, CancellationToken cancellation)
    {
        var lastLines = await LogTail.Of(logs, failure.Resource, cancellation);
        await System.Console.Error.WriteLineAsync(
            lastLines.Count == 0 ? failure.Sentence : $"{failure.Sentence} It said:");
        foreach (var line in lastLines) await System.Console.Error.WriteLineAsync($"  {line}");
        outcome.ExitCode = 1;
        lifetime.StopApplication();
    }

    private static void SayWhatIsAwaited(Startup start) =>
        System.Console.WriteLine($"Still waiting for {string.Join(", ", start.Awaited())}.");
}
