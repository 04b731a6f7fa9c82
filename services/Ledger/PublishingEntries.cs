using System.Runtime.InteropServices;
using Billing.Contracts;
using Billing.Contracts.Entries;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.UsagePath;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;

namespace Billing.Ledger;

/// <summary>
/// Reads the store in its order and gives each entry its number, in the transaction that moves how far it has
/// read. So a repeat, by whatever process, gives the same numbers; the relay publishes what has one.
/// </summary>
public sealed class PublishingEntries : SubscriptionBase
{
    /// <summary>Its progress is kept under this name.</summary>
    public const string ProgressName = "entries";

    private const int MostEvents = 5_000;

    private static readonly string ChargeEntry = WireNames.Of(typeof(ChargePostedV1));

    private const string Number =
        "select send_facts(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

    private readonly HandOverEntries? _handOver;

    /// <param name="handOver">To the relay of this process; null: it reads the store.</param>
    public PublishingEntries(HandOverEntries? handOver = null)
    {
        _handOver = handOver;
        Name = ProgressName;
        Options.BatchSize = MostEvents;
    }

    public override Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations,
        CancellationToken cancellationToken)
    {
        OutgoingFact[] facts = [.. page.Events.Select(Of).OfType<OutgoingFact>()];
        if (facts.Length > 0) operations.QueueSqlCommand(Number, Arguments(facts));
        return Task.FromResult(facts.Length > 0 && _handOver is not null
            ? _handOver.After(facts)
            : NullChangeListener.Instance);
    }

    /// <summary>Null where others need not know.</summary>
    /// <exception cref="NotSupportedException">An event of which nobody has decided that.</exception>
    public static OutgoingFact? Of(IEvent stored)
    {
        if (stored.Data is ChargePosted charge && WriteCharge.CanWrite(charge)) return Of(stored, charge);

        var happened = (LedgerEvent)stored.Data;
        return Publishing.Of(new Recorded(stored.Id, happened)) is { } message
            ? OutgoingFact.Of(Topics.Entries, happened.Tenant, new FactId(stored.Id), message) with
            {
                Trace = stored.GetHeader(FactHeaders.TraceParent)?.ToString(),
            }
            : null;
    }

    // Nearly all are of this kind.
    private static OutgoingFact Of(IEvent stored, ChargePosted charge) => new(
        Topics.Entries, Lanes.Of(charge.Tenant), new FactId(stored.Id), ChargeEntry,
        Text.Spell(charge.Tenant), WriteEntry.Of(charge),
        stored.GetHeader(FactHeaders.TraceParent)?.ToString());

    /// <summary>As <c>send_facts</c> takes them: lanes ascending, each fact with its lane's place among these
    /// and how many facts of that lane come after it, and its name's place among the names.</summary>
    internal static object[] Arguments(IReadOnlyList<OutgoingFact> facts)
    {
        var lanes = facts.GroupBy(fact => fact.Lane).OrderBy(lane => lane.Key).ToList();
        var places = lanes.Select((lane, place) => (lane.Key, place: place + 1)).ToDictionary();
        var behind = lanes.ToDictionary(lane => lane.Key, lane => lane.Count());
        var names = facts.Select(fact => fact.WireName).Distinct().ToArray();
        return
        [
            Topics.Entries,
            lanes.Select(lane => lane.Key).ToArray(),
            lanes.Select(lane => lane.Count()).ToArray(),
            lanes.Select(lane => lane.Last().Id.Value).ToArray(),
            facts.Select(fact => places[fact.Lane]).ToArray(),
            facts.Select(fact => --behind[fact.Lane]).ToArray(),
            facts.Select(fact => fact.Id.Value).ToArray(),
            names,
            facts.Select(fact => Array.IndexOf(names, fact.WireName) + 1).ToArray(),
            facts.Select(fact => fact.Key).ToArray(),
            facts.Select(fact => Whole(fact.Body)).ToArray(),
            facts.Select(fact => fact.Trace).ToArray(),
        ];
    }

    private static byte[] Whole(ReadOnlyMemory<byte> body) =>
        MemoryMarshal.TryGetArray(body, out var part) && part.Count == part.Array!.Length
            ? part.Array
            : body.ToArray();
}
