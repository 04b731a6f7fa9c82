using Billing.Verify.Reading;

namespace Billing.Verify.Invariants;

/// <summary>I9: whatever was received had exactly one verdict.</summary>
internal static class Counts
{
    private sealed record Row(
        string Source, DateTime Day, long Received, long Accepted, long Unmatched, long Waiting, long Duplicate,
        long Conflict, long Rejected)
    {
        public long Told => Accepted + Unmatched + Waiting + Duplicate + Conflict + Rejected;
    }

    public static async Task<Finding> Check(Stores stores, CancellationToken cancellation)
    {
        var rows = await stores.Rows(
            Stores.Ingestion,
            """
            select s.name, c.day::timestamp, c.received, c.accepted, c.unmatched, c.waiting, c.duplicate, c.conflict,
                c.rejected
            from usage_counts c join usage_sources s on s.id = c.source_id order by c.day, s.name
            """,
            row => new Row(
                row.GetString(0), row.GetDateTime(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4),
                row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8)),
            cancellation);
        var breaches = rows.Where(row => row.Received != row.Told)
            .Select(row => $"{row.Source} on {row.Day:yyyy-MM-dd}: received {row.Received}, told {row.Told}").ToList();

        // Each event that was taken has its key; what was refused has none, or is marked.
        breaches.AddRange(await stores.Rows(
            Stores.Ingestion,
            """
            select s.name, coalesce(c.taken, 0), coalesce(k.keys, 0)
            from usage_sources s
            left join (
                select source_id, sum(accepted + unmatched + waiting) as taken from usage_counts group by 1
            ) c on c.source_id = s.id
            left join (
                select source_id, count(*) as keys from usage_keys where state not in (0, 4) group by 1
            ) k on k.source_id = s.id
            where coalesce(c.taken, 0) <> coalesce(k.keys, 0) order by s.name
            """,
            row => $"{row.GetString(0)}: {row.GetDecimal(1)} events were taken and {row.GetInt64(2)} are kept",
            cancellation));
        var refused = rows.Sum(row => row.Conflict + row.Rejected);
        var listed = await stores.One<long>(
            Stores.Ingestion, "select count(*) from usage_refusals", cancellation);
        if (refused != listed)
            breaches.Add($"{refused} were refused or in conflict and {listed} are listed with a reason");

        return Finding.Of(
            "I9", "received = accepted + unmatched + waiting + duplicate + conflict + rejected, dead-lettered included",
            $"{rows.Sum(row => row.Received)} = {rows.Sum(row => row.Accepted)} + "
            + $"{rows.Sum(row => row.Unmatched)} + {rows.Sum(row => row.Waiting)} + {rows.Sum(row => row.Duplicate)} + "
            + $"{rows.Sum(row => row.Conflict)} + {rows.Sum(row => row.Rejected)}; the last two are listed, and what "
            + $"nobody could read is dead-lettered ({await Parked(stores, cancellation)})",
            breaches);
    }

    // Each content is parked once, however often it came, and its refusals are counted each time.
    private static Task<long> Parked(Stores stores, CancellationToken cancellation) => stores.One<long>(
        Stores.Ingestion, "select count(*) from parked_facts where number is null", cancellation);
}
