using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>
/// Keeps the read models up with the events. Pages come in order, more than once perhaps; each read model has
/// its own position, so nothing is taken in twice. One that has stopped is tried again when the process
/// starts, or after a rebuild; one that is behind catches up from the store.
/// </summary>
internal sealed partial class KeepReadModels(
    IReadOnlyList<IReadModel> models, ServiceDatabase database, TimeProvider time,
    ILogger<KeepReadModels> logger) : IDisposable
{
    /// <summary>Sums are written once a page, so that large pages cost less for each event.</summary>
    public const int LargestPage = 10_000;

    private readonly HashSet<string> _stopped = [];
    private readonly SemaphoreSlim _turn = new(1, 1);

    public IReadOnlyList<string> Names { get; } = [.. models.Select(model => model.Name)];

    public void Dispose() => _turn.Dispose();

    /// <returns>Where the furthest read model is; that may be beyond the page.</returns>
    /// <exception cref="NpgsqlException">The database is away or busy; the page comes again.</exception>
    public async Task<long> Take(EventPage page, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var rows = await Apply(models, page, cancellation);
            if (Running(rows).Any(row => row.Position < page.Floor))
            {
                await CatchUp(rows, page.Floor, cancellation);
                rows = await Apply(models, page, cancellation);
            }

            await Note(rows, page.Ceiling, cancellation);
            return Math.Max(page.Ceiling, Furthest(rows));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Brings what has fallen behind to where the others are.</summary>
    /// <returns>Where that is.</returns>
    public async Task<long> CatchUp(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
            var rows = (await ModelRow.Look(connection, cancellation)).Values;
            _stopped.RemoveWhere(name => rows.Any(row => row.Name == name && !row.IsStopped));
            var furthest = Furthest(rows);
            await CatchUp([.. rows], furthest, cancellation);
            await Note([.. rows], furthest, cancellation);
            return furthest;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Nobody can take in an event that cannot be read: those that run stop before it.</summary>
    /// <param name="after">The position that they are at.</param>
    public async Task StopBefore(
        long after, UnreadableEventException unreadable, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var running = models.Where(model => !_stopped.Contains(model.Name)).ToList();
            await StopBefore(running, after, unreadable, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task CatchUp(IReadOnlyList<ModelRow> rows, long upTo, CancellationToken cancellation)
    {
        var behind = Running(rows).Where(row => row.Position < upTo).ToList();
        while (behind.Count > 0)
        {
            var which = models.Where(model => behind.Any(row => row.Name == model.Name)).ToList();
            var page = await PageFor(which, behind.Min(row => row.Position), upTo, cancellation);
            if (page is null) return;

            rows = await Apply(which, page, cancellation);
            behind = [.. Running(rows).Where(row => row.Position < upTo)];
        }
    }

    /// <summary>Null where the next event cannot be read: then all these stop at it.</summary>
    private async Task<EventPage?> PageFor(
        IReadOnlyList<IReadModel> which, long after, long upTo, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
            return await StoredEvents.Page(after, upTo, LargestPage, connection, cancellation);
        }
        catch (UnreadableEventException unreadable)
        {
            await StopBefore(which, after, unreadable, cancellation);
            return null;
        }
    }

    private async Task<IReadOnlyList<ModelRow>> Apply(
        IReadOnlyList<IReadModel> which, EventPage page, CancellationToken cancellation)
    {
        try
        {
            return await InOne(which, page, cancellation);
        }
        catch (Exception failure) when (which.Count > 1 && IsOfTheModel(failure))
        {
            // One of them cannot take the page in. The others can.
            IReadOnlyList<ModelRow> rows = [];
            foreach (var model in which) rows = await Apply([model], page, cancellation);
            return rows;
        }
        catch (Exception failure) when (which.Count == 1 && IsOfTheModel(failure))
        {
            return await Stop(which[0], page, failure, cancellation);
        }
    }

    private async Task<IReadOnlyList<ModelRow>> InOne(
        IReadOnlyList<IReadModel> which, EventPage page, CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var going = which.Where(model => !_stopped.Contains(model.Name)).ToList();
        var rows = await TakePage.Into(going, page, connection, cancellation);
        await transaction.CommitAsync(cancellation);
        foreach (var row in rows) Noticed(row);
        return rows;
    }
}
