using System.Diagnostics;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Runtime;

/// <summary>
/// This process among those that share the storage. It handles stored messages only while the others must
/// believe that it lives.
/// </summary>
internal sealed class Node(DurableStore store, WolverineOptions options)
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(50);

    private readonly NodeInfo info = new(
        options.UniqueNodeId, options.ServiceName,
        options.ApplicationAssembly?.GetName().Version?.ToString());

    private long alive;

    public Guid Id => info.Id;
    public int Number => options.Durability.AssignedNodeNumber;

    private bool IsAlive =>
        Number != 0
        && Stopwatch.GetElapsedTime(Interlocked.Read(ref alive)) < options.Durability.StaleNodeTimeout;

    public async Task Join(bool alone, CancellationToken cancellation)
    {
        var asked = Stopwatch.GetTimestamp();
        options.Durability.AssignedNodeNumber = await store.Register(info, alone, cancellation);
        Interlocked.Exchange(ref alive, asked);
    }

    /// <summary>False when the others have declared this node dead.</summary>
    public async Task<bool> SayAlive(CancellationToken cancellation)
    {
        var asked = Stopwatch.GetTimestamp();
        if (!await store.SayAlive(info.Id, cancellation)) return false;

        Interlocked.Exchange(ref alive, asked);
        return true;
    }

    public async Task WaitUntilAlive(CancellationToken cancellation)
    {
        while (!IsAlive) await Task.Delay(pause, cancellation);
    }

    public async Task Leave(CancellationToken cancellation)
    {
        var owner = Number;
        options.Durability.AssignedNodeNumber = 0;
        await store.Deregister(info.Id, owner, cancellation);
    }
}
