using System.Threading.Channels;
using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// Takes events into the shadows. One task reads ahead and makes events of the rows; each fill writes its
/// read models on a connection of its own, beside the others.
/// </summary>
internal sealed class FillShadows(
    IReadOnlyList<IFill> fills, NpgsqlDataSource shadows, Action<int> progress)
{
    private const int PageSize = 20_000;
    private const int PagesAhead = 2;

    /// <summary>Up to and with a position that the live read models have come to.</summary>
    public async Task UpTo(long from, long target, CancellationToken cancellation)
    {
        if (from >= target) return;

        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var pages = fills.Select(_ => Channel.CreateBounded<EventPage>(PagesAhead)).ToList();
        List<Task> all = [Ending(Read(from, target, pages, together.Token), together)];
        for (var place = 0; place < fills.Count; place++)
            all.Add(Ending(
                Write(fills[place], pages[place].Reader, isFirst: place == 0, together.Token), together));
        try
        {
            await Task.WhenAll(all);
        }
        catch (Exception) when (all.Find(task => task.IsFaulted) is { } failed)
        {
            // What is said is what failed, and not what ended because of it.
            await failed;
            throw;
        }
    }

    private static async Task Ending(Task task, CancellationTokenSource others)
    {
        try
        {
            await task;
        }
        catch
        {
            await others.CancelAsync();
            throw;
        }
    }

    private async Task Read(
        long from, long target, List<Channel<EventPage>> pages, CancellationToken cancellation)
    {
        await using var connection = await shadows.OpenConnectionAsync(cancellation);
        while (from < target)
        {
            var page = await StoredEvents.Page(from, target, PageSize, connection, cancellation);
            foreach (var channel in pages) await channel.Writer.WriteAsync(page, cancellation);
            from = page.Ceiling;
        }

        foreach (var channel in pages) channel.Writer.Complete();
    }

    private async Task Write(
        IFill fill, ChannelReader<EventPage> pages, bool isFirst, CancellationToken cancellation)
    {
        await using var connection = await shadows.OpenConnectionAsync(cancellation);
        await foreach (var page in pages.ReadAllAsync(cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await fill.Take(page, connection, cancellation);
            await transaction.CommitAsync(cancellation);
            if (isFirst) progress(page.Events.Count);
        }
    }
}
