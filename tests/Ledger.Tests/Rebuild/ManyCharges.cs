using System.Globalization;
using System.Text;
using Billing.Ledger.Events;
using Billing.Ledger.Tests.Projections;

namespace Billing.Ledger.Tests.Rebuild;

/// <summary>Puts many charges of many tenants into the event store, made by the database itself.</summary>
internal static class ManyCharges
{
    private const int Tenants = 1_000;

    private const int Piece = 10_000;

    /// <summary>Tenants by Zipf, five meters, amounts and days that differ.</summary>
    public static async Task Seed(ReadSide side, int count)
    {
        var template = Encoding.UTF8.GetString(StoredJson.Write(Given.Posted with
        {
            Booking = new(Given.March),
            Trace = new([new("tier 1", Given.Usd100("100"), Contracts.Values.Quantity.From(50))]),
        }));
        await side.Do(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            insert into events.mt_streams (id, version)
            select 't' || t || '/usage/~none/USD/2026-03-01T00:00:00.000000Z', 0 from generate_series(1, {Tenants}) as t
            """));
        for (var from = 0; from < count; from += Piece)
            await side.Do(Insert(template, from + 1, Math.Min(from + Piece, count)));
        await side.Do("analyze events.mt_events");
    }

    // Piece by piece, so that a busy machine has no statement that takes too long. Versions are unique, and have gaps.
    private static string Insert(string template, int first, int last) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        insert into events.mt_events (seq_id, id, stream_id, version, data, type)
        select nextval('events.mt_events_sequence'), gen_random_uuid(),
            't' || t || '/usage/~none/USD/2026-03-01T00:00:00.000000Z', n,
            '{template}'::jsonb || jsonb_build_object(
                'tenant', 't' || t, 'meter', 'm' || n % 5, 'amount', (1 + n % 997) || ' USD',
                'quantity', (1 + n % 89)::text), 'charge_posted'
        from (select n, floor(power({Tenants}, random()))::int as t
            from generate_series({first}, {last}) as n) as charges order by n
        """);
}
