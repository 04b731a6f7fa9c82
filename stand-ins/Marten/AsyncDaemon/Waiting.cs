using System.Diagnostics;
using JasperFx.Events.Projections;

namespace Marten.AsyncDaemon;

/// <summary>Waits by asking.</summary>
internal static class Waiting
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(20);

    /// <summary>By the tables, whoever runs the shards.</summary>
    public static async Task ForShards(DocumentStore store, TimeSpan timeout)
    {
        await store.EnsureSchema(default);
        var progress = new Progress(store.Parts);
        var target = await progress.LastCommitted(default);
        List<string> shards = [.. store.Parts.Options.Projections.Sources
            .Where(source => source.Settings.Lifecycle == ProjectionLifecycle.Async)
            .Select(source => source.Shard.Identity)];
        await Until(
            async () =>
            {
                var all = (await progress.All(default))
                    .ToDictionary(state => state.ShardName, state => state.Sequence);

                return shards.All(shard => all.GetValueOrDefault(shard) >= target);
            },
            timeout,
            $"Not every shard has come to event {target}");
    }

    public static async Task Until(Func<Task<bool>> condition, TimeSpan timeout, string otherwise)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > timeout) throw new TimeoutException($"{otherwise} after {timeout}.");
            await Task.Delay(pause);
        }
    }
}
