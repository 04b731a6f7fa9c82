using System.Threading.Channels;
using Wolverine.Transports.Local;

namespace Wolverine.Runtime;

/// <summary>Messages of this process that wait to be handled, so many at a time.</summary>
internal sealed class LocalQueue(
    string name, LocalQueueSettings settings, Func<LocalQueue, Envelope, CancellationToken, Task> handle)
{
    private readonly Channel<Envelope> waiting = Channel.CreateUnbounded<Envelope>();
    private Task workers = Task.CompletedTask;
    private int count;
    private int isStarted;

    public string Name => name;
    public bool IsDurable => settings.Durable;
    public Uri Uri { get; } = UriOf(name);
    public int Waiting => Volatile.Read(ref count);

    /// <summary>
    /// A sequential queue keeps its order by keeping everything in memory: what is read back from storage
    /// would come after what was sent later.
    /// </summary>
    public bool IsSequential => settings.Parallel == 1;

    /// <summary>Set when storage has messages for which there was no room.</summary>
    public bool HasMoreInStorage { get; set; }

    public static Uri UriOf(string name) => new($"local://{name.ToLowerInvariant()}/");

    public static string NameOf(Uri uri) => uri.Host;

    public void Enqueue(Envelope envelope)
    {
        Interlocked.Increment(ref count);
        waiting.Writer.TryWrite(envelope);
    }

    /// <param name="stopping">Nothing more is begun: what waits is in storage.</param>
    /// <param name="aborted">What was begun is canceled.</param>
    public void Start(CancellationToken stopping, CancellationToken aborted)
    {
        if (Interlocked.Exchange(ref isStarted, 1) == 1) return;

        var until = IsDurable ? stopping : aborted;
        workers = Task.WhenAll(Enumerable.Range(0, settings.Parallel)
            .Select(_ => Task.Run(() => Work(until, aborted), CancellationToken.None)));
    }

    /// <summary>Done when nothing is being handled any more; a queue in memory is emptied first.</summary>
    public Task Finish()
    {
        waiting.Writer.TryComplete();
        return workers;
    }

    private async Task Work(CancellationToken until, CancellationToken aborted)
    {
        try
        {
            while (await waiting.Reader.WaitToReadAsync(until))
                while (!until.IsCancellationRequested && waiting.Reader.TryRead(out var envelope))
                {
                    Interlocked.Decrement(ref count);
                    await handle(this, envelope, aborted);
                }
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
            // Stopped while there was nothing to do.
        }
    }
}
