using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath.Waiting;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// Uses that waited for a price, when there is one. The sweep notices, with each news of the catalog, and
/// leaves them to the owner of the lane.
/// </summary>
public sealed class RateUnpriced(CatalogHistory history, Subscriptions.FindZone zones) : IWaitingHandler
{
    /// <summary>Of a row in the inbox: one use and meter.</summary>
    public const string Kind = "rate-unpriced";

    string IWaitingHandler.Kind => UnpricedUse.Kind;

    public async Task<IReadOnlyCollection<long>> Retry(WaitingBatch batch, CancellationToken cancellation)
    {
        var connection = batch.Transaction.Connection;
        var catalog = await history.Read(connection, cancellation);
        var waiting = batch.Rows.Select(row => (row.Id, Use: UnpricedUse.Read(row.Body))).ToList();
        var uses = new UseTable(connection);
        await uses.Load([.. waiting.Select(one => one.Use.Usage).Distinct()], cancellation);

        var prices = new PriceFinder(catalog.Newest.State, zones);
        var (done, requests) = (new List<long>(), new List<InboxRow>());
        foreach (var (id, use) in waiting)
        {
            var row = uses.Find(use.Usage, use.Meter);
            if (row is { Standing: UseStanding.Unpriced })
            {
                if (!prices.HasPrice(row)) continue;
                requests.Add(Request(row, id, batch.Now));
            }

            done.Add(id);
        }

        await Inbox.Leave(connection, requests, cancellation);
        return done;
    }

    internal static async Task Apply(
        IReadOnlyList<InboxRow> requests, RatingWork work, CancellationToken cancellation)
    {
        var asked = requests.Select(row => (row.Lane, Use: UnpricedUse.Read(row.Body))).ToList();
        await work.Uses.Load([.. asked.Select(one => one.Use.Usage).Distinct()], cancellation);
        var uses = asked.Select(one => (one.Lane, Row: work.Uses.Find(one.Use.Usage, one.Use.Meter)))
            .Where(one => one.Row is { Standing: UseStanding.Unpriced }).ToList();
        await work.Load(
            uses.Select(one => work.KeyOf(one.Row!.Tenant, one.Row.Meter, one.Row.Use.UsedAt))
                .OfType<TallyKey>().Distinct(), cancellation);

        var rate = new RateFacts(work);
        foreach (var (lane, row) in uses)
            if (rate.TakeAgain(row!, lane) is { } reason) throw new InvalidOperationException(reason);
    }

    private static InboxRow Request(UseRow row, long waiting, DateTimeOffset now) => new(
        DerivedId.From(Kind, waiting.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Lanes.Of(row.Tenant), Kind, UnpricedUse.Of(row).Write(), now);

    /// <summary>Many uses wait for the same price.</summary>
    private sealed class PriceFinder(Catalog.CatalogState state, Subscriptions.FindZone zones)
    {
        private readonly Dictionary<Guid, Terms> known = [];

        public bool HasPrice(UseRow row)
        {
            if (TallyKey.Of(row.Tenant, row.Meter, row.Use.UsedAt, state, zones) is not { } key) return false;
            if (!known.TryGetValue(key.Id, out var terms)) known.Add(key.Id, terms = key.Terms(state, zones));

            // Where no price is asked for, in a trial or by another source, it can be rated as well.
            var segment = terms.SegmentAt(row.Use.UsedAt);
            return segment >= 0 && (!terms.Segments[segment].Charges(row.Use.Scope)
                || terms.Segments[segment].TryPrice(row.Use.Dimensions, out _));
        }
    }
}
