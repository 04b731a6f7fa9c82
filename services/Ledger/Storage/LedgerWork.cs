using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Exceptions;
using Npgsql;

namespace Billing.Ledger.Storage;

/// <summary>
/// One transaction of the ledger: guards and rows by plain SQL on its connection, then what was decided, all
/// of it saved by Marten at once. A stream whose version is a guard is appended to at the version that it was
/// read at.
/// </summary>
public sealed class LedgerWork(IDocumentSession session) : IAsyncDisposable
{
    private readonly Dictionary<string, long> _versions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<IEvent>> _appends = new(StringComparer.Ordinal);

    // Few streams come again and again, as the same object; each is spelled once.
    private readonly Dictionary<StreamId, List<IEvent>> _known = new(ReferenceEqualityComparer.Instance);
    private readonly List<string> _order = [];

    public NpgsqlConnection Connection { get; } = session.Connection;

    /// <summary>Events of this transaction may be there already, so each id has to be looked up.</summary>
    public bool LooksForKnown { get; init; }

    /// <summary>Hears of the events when they are committed, with their numbers.</summary>
    public Action<IEnumerable<IEvent>>? Committed { get; init; }

    /// <summary>Something failed because an event id was there already.</summary>
    public bool MetKnown { get; private set; }

    public void WasRead(StreamId stream, long version) => _versions[stream.ToString()] = version;

    /// <param name="traceOf">The span that a fact came with, for those who follow an event.</param>
    public void Append(IEnumerable<Append> appends, Func<FactId, string?>? traceOf = null)
    {
        foreach (var append in appends)
        {
            var happened = session.Events.BuildEvent(append.Event);
            happened.Id = append.Id;
            if (append.Event.Origin.Cause.Fact is { } fact && traceOf?.Invoke(fact) is { } trace)
                happened.SetHeader(FactHeaders.TraceParent, trace);
            else if (traceOf is null && System.Diagnostics.Activity.Current?.Id is { } here)
                happened.SetHeader(FactHeaders.TraceParent, here);

            EventsOf(append.Stream).Add(happened);
        }
    }

    /// <summary>Writes the events and commits all.</summary>
    /// <exception cref="LostRaceException">Somebody else was faster: decide again.</exception>
    public async Task Save(CancellationToken cancellation)
    {
        foreach (var stream in _order)
            if (_versions.TryGetValue(stream, out var version))
                session.Events.Append(stream, version + _appends[stream].Count, _appends[stream]);
            else session.Events.Append(stream, _appends[stream]);

        // Marten commits nothing where nothing is pending.
        if (_order.Count == 0) session.QueueSqlCommand("select 1");
        try
        {
            await session.SaveChangesAsync(cancellation);
            foreach (var stream in _order) Committed?.Invoke(_appends[stream]);
        }
        catch (Exception lost) when (lost is ConcurrencyException or ConcurrentUpdateException)
        {
            throw new LostRaceException(lost);
        }
        catch (MartenCommandException known) when (IsKnownId(known))
        {
            MetKnown = true;
            throw;
        }
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();

    private List<IEvent> EventsOf(StreamId id)
    {
        if (_known.TryGetValue(id, out var events)) return events;

        var stream = id.ToString();
        if (!_appends.TryGetValue(stream, out events))
        {
            _order.Add(stream);
            _appends.Add(stream, events = []);
            RequireRead(id, stream);
        }

        return _known[id] = events;
    }

    private void RequireRead(StreamId id, string stream)
    {
        if (id is StreamId.Charge or StreamId.Credit or StreamId.Invoice && !_versions.ContainsKey(stream))
            throw new InvalidOperationException("A stream that guards something was not read.");
    }

    private static bool IsKnownId(MartenCommandException failed) =>
        failed.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
}

/// <summary>A stream is not at the version that was decided on.</summary>
public sealed class LostRaceException(Exception cause) : Exception("Somebody else was faster.", cause);
