namespace Billing.Verify.Reading;

/// <summary>How far what one service has sent was taken by the next.</summary>
/// <param name="From">The service that sends.</param>
/// <param name="To">The one that takes.</param>
internal sealed record Hop(string From, string Topic, string To)
{
    public const string Usage = "billing.ingestion.usage.v1";
    public const string Ratings = "billing.pricing.ratings.v1";
    public const string Catalog = "billing.pricing.catalog.v1";
    public const string Entries = "billing.ledger.entries.v1";

    public static readonly IReadOnlyList<Hop> All =
    [
        new(Stores.Pricing, Catalog, Stores.Ingestion),
        new(Stores.Pricing, Catalog, Stores.Ledger),
        new(Stores.Ingestion, Usage, Stores.Pricing),
        new(Stores.Pricing, Ratings, Stores.Ledger),
    ];
}

/// <summary>A look at the whole way: equal looks with nothing under way between them mean that it is at rest.</summary>
/// <param name="Sent">Facts sent, by topic and lane.</param>
/// <param name="UnderWay">What was sent and not taken, or left in an inbox, or not in the read models: in words.</param>
internal sealed record FlowLook(string Sent, IReadOnlyList<string> UnderWay, long UnderWayCount)
{
    public static async Task<FlowLook> Now(Stores stores, CancellationToken cancellation)
    {
        var (underWay, count, sentTexts) = (new List<string>(), 0L, new List<string>());
        foreach (var hop in Hop.All)
        {
            // First what was taken: what is sent meanwhile counts as under way, never the other way round.
            var taken = (await stores.Rows(
                hop.To, "select lane, last_number from read_lanes where topic = $1",
                row => (Lane: row.GetInt32(0), Number: row.GetInt64(1)), cancellation, hop.Topic))
                .ToDictionary(lane => lane.Lane, lane => lane.Number);
            var sent = await SentLanes(stores, hop.From, hop.Topic, cancellation);
            sentTexts.Add(string.Join(',', sent.Select(lane => $"{lane.Lane}:{lane.Number}")));
            var behind = sent.Sum(lane => Math.Max(0, lane.Number - taken.GetValueOrDefault(lane.Lane)));
            if (behind == 0) continue;

            count += behind;
            underWay.Add($"{behind} facts of {hop.Topic} on their way to {hop.To}");
        }

        await Add(
            Stores.Pricing, "select count(*) from lane_inbox", "changes in Pricing's inbox");
        var last = await LastEvent(stores, cancellation);
        await Add(
            Stores.Ledger, $"select count(*) from ledger_models where position < {last}", "read models that are behind");
        sentTexts.Add(last.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return new(string.Join('|', sentTexts), underWay, count);

        async Task Add(string service, string sql, string what)
        {
            var more = await stores.One<long>(service, sql, cancellation);
            if (more == 0) return;

            count += more;
            underWay.Add($"{more} {what}");
        }
    }

    public static Task<List<(int Lane, long Number)>> SentLanes(
        Stores stores, string service, string topic, CancellationToken cancellation) => stores.Rows(
            service,
            """
            select lane, number from (
                select lane, (select max(number) from sent_facts where topic = $1 and lane = l.lane) as number
                from generate_series(0, 63) as l (lane)) as lanes
            where number is not null order by lane
            """,
            row => (row.GetInt32(0), row.GetInt64(1)), cancellation, topic);

    public static async Task<long> LastEvent(Stores stores, CancellationToken cancellation)
    {
        // The read models know how far they are; whether there is more, the store says.
        var known = await stores.One<long>(
            Stores.Ledger, "select coalesce(min(position), 0) from ledger_models", cancellation);
        var last = known;
        while ((await stores.Rows(
            Stores.Ledger, "select seq_id from ledger_events_after($1, 5000)", row => row.GetInt64(0), cancellation,
            last)) is [.., var next]) last = next;

        return last;
    }
}
