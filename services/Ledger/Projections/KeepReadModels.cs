using System.Text.Json;
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
    private const int CatchUpPage = 2_000;

    private readonly HashSet<string> _stopped = [];
    private readonly SemaphoreSlim _turn = new(1, 1);

    public IReadOnlyList<string> Names { get; } = [.. models.Select(model => model.Name)];

    public void Dispose() => _turn.Dispose();

    /// <exception cref="NpgsqlException">The database is away or busy; the page comes again.</exception>
    public async Task Take(EventPage page, CancellationToken cancellation)
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
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Brings what has fallen behind to where the others are.</summary>
    public async Task CatchUp(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
            var rows = (await ModelRow.Look(connection, cancellation)).Values;
            var furthest = rows.Where(row => Names.Contains(row.Name)).Max(row => row.Position);
            await CatchUp([.. rows], furthest, cancellation);
            await Note([.. rows], furthest, cancellation);
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
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        var raw = await StoredEvents.Raw(after, upTo, CatchUpPage, connection, cancellation);
        try
        {
            return StoredEvents.Read(after, upTo, CatchUpPage, raw);
        }
        catch (JsonException unreadable)
        {
            // Its place is found one by one; what is before it is not held up by it.
            var before = raw.TakeWhile(IsReadable).ToList();
            if (before.Count > 0)
                return StoredEvents.Read(after, before[^1].Position, before.Count + 1, before);

            var page = new EventPage(after, raw[0].Position, []);
            foreach (var model in which) await Stop(model, page, unreadable, cancellation);
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

    private async Task<IReadOnlyList<ModelRow>> Stop(
        IReadModel model, EventPage page, Exception failure, CancellationToken cancellation)
    {
        StoppedOn(logger, model.Name, page.Floor, failure);
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await TakePage.Stop(model, page, Sentence(failure), connection, cancellation);
        await transaction.CommitAsync(cancellation);
        var rows = await ModelRow.Look(connection, cancellation);
        foreach (var row in rows.Values) Noticed(row);
        return [.. rows.Values];
    }
}
