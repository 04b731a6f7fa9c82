using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten.Documents;
using Marten.Events.Projections;
using Marten.Exceptions;

namespace Marten.Events.Aggregation;

/// <summary>Adds the events of one stream up.</summary>
internal interface IAggregator<T>
{
    ValueTask<T?> Aggregate(
        T? state, string key, IReadOnlyList<IEvent> events, IQuerySession session, CancellationToken token);
}

/// <summary>Has a document table of its own.</summary>
internal interface IStoresDocuments
{
    Type DocumentType { get; }
}

/// <summary>
/// One document for each stream. Override <see cref="Evolve"/> or <see cref="EvolveAsync"/>, or let the
/// document have Create and Apply methods.
/// </summary>
public class SingleStreamProjection<TDoc, TId>
    : ProjectionBase, IProjection, IAggregator<TDoc>, IStoresDocuments
    where TDoc : notnull
    where TId : notnull
{
    public SingleStreamProjection()
    {
        if (typeof(TId) != typeof(string))
            throw new InvalidOperationException($"{GetType().Name}: streams have string ids here.");
    }

    Type IStoresDocuments.DocumentType => typeof(TDoc);

    /// <summary>The document after this event; null: it is deleted.</summary>
    public virtual TDoc? Evolve(TDoc? snapshot, TId id, IEvent e) => Conventions<TDoc>.Apply(snapshot, e);

    public virtual ValueTask<TDoc?> EvolveAsync(
        TDoc? snapshot, TId id, IQuerySession session, IEvent e, CancellationToken cancellation) =>
        new(Evolve(snapshot, id, e));

    async ValueTask<TDoc?> IAggregator<TDoc>.Aggregate(
        TDoc? state, string key, IReadOnlyList<IEvent> events, IQuerySession session, CancellationToken token)
    {
        foreach (var e in events.Where(Wanted)) state = await One(state, key, e, session, token);

        return state;
    }

    async Task IJasperFxProjection<IDocumentOperations>.ApplyAsync(
        IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var streams = events.Where(Wanted).GroupBy(e => e.StreamKey!).ToList();
        var keys = streams.Select(stream => stream.Key);
        var found = await operations.LoadManyAsync<TDoc>(cancellation, keys);
        var table = ((Sessions.QuerySession)operations).Parts.Table(typeof(TDoc));
        var documents = found.ToDictionary(document => (string)table.IdOf(document));
        var skip = (operations as Sessions.DocumentSession)?.SkipApplyError;
        foreach (var stream in streams)
        {
            var state = documents.GetValueOrDefault(stream.Key);
            foreach (var e in stream)
            {
                try
                {
                    state = await One(state, stream.Key, e, operations, cancellation);
                }
                catch (ApplyEventException failure) when (skip is not null)
                {
                    skip(e, failure);
                }
            }

            if (state is not null) operations.Store(state);
            else operations.Delete<TDoc>(stream.Key);
        }
    }

    private bool Wanted(IEvent e) =>
        IncludedEventTypes.Count == 0
        || IncludedEventTypes.Exists(type => type.IsAssignableFrom(e.EventType));

    private async ValueTask<TDoc?> One(
        TDoc? state, string key, IEvent e, IQuerySession session, CancellationToken token)
    {
        try
        {
            var next = await EvolveAsync(state, (TId)(object)key, session, e, token);
            if (next is not null) DocumentTable.Identify(next, key);

            return next;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new ApplyEventException(e, failure);
        }
    }
}

/// <summary>An aggregate that needs no projection class.</summary>
internal sealed class SnapshotProjection<T> : SingleStreamProjection<T, string>
    where T : class;
