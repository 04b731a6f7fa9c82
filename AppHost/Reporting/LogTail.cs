using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;

namespace Billing.AppHost.Reporting;

/// <summary>The last that a process has written.</summary>
internal static class LogTail
{
    private const int Lines = 12;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(1);

    public static async Task<IReadOnlyCollection<string>> Of(
        ResourceLoggerService logs, IResource resource, CancellationToken cancellation)
    {
        var tail = new ConcurrentQueue<string>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // It gives what was written before and then goes on following: that is not waited for.
        await Task.WhenAny(Follow(logs, resource, tail, enough.Token), Task.Delay(patience, cancellation));
        await enough.CancelAsync();
        return [.. tail];
    }

    private static async Task Follow(
        ResourceLoggerService logs, IResource resource, ConcurrentQueue<string> tail,
        CancellationToken cancellation)
    {
        try
        {
            await foreach (var batch in logs.WatchAsync(resource).WithCancellation(cancellation))
                foreach (var line in batch)
                {
                    tail.Enqueue(line.Content);
                    if (tail.Count > Lines) tail.TryDequeue(out _);
                }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }
}
