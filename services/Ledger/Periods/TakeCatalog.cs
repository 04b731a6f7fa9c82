using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Ledger.Periods;

/// <summary>Takes from the catalog where the periods of subscriptions lie; the rest is for others.</summary>
public sealed class TakeCatalog : IFactHandler
{
    private static readonly string SubscriptionSet = WireNames.Of(typeof(SubscriptionSetV1));

    private const string Put =
        """
        insert into ledger_subscriptions as s
            (subscription_id, tenant_id, currency, anchor, time_zone, number)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (subscription_id) do update set
            tenant_id = excluded.tenant_id, currency = excluded.currency, anchor = excluded.anchor,
            time_zone = excluded.time_zone, number = excluded.number
        where s.number < excluded.number
        """;

    // A fact that was parked comes when the catalog's number has gone on: what waits would not notice.
    private const string Tell =
        """
        update waiting_facts set judged_by = 0
        where kind = $1 and judged_by > 0
          and $2 < (select max(last_number) from read_lanes where topic = $3)
        """;

    public string Topic => Topics.Catalog;

    public string KeyOf(Fact fact) => fact.Key;

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        await using var puts = new NpgsqlBatch(batch.Transaction.Connection);
        foreach (var fact in batch.Facts.Where(fact => fact.WireName == SubscriptionSet))
        {
            var set = fact.Read<SubscriptionSetV1>();
            if (TimeZones.Find(set.TimeZone) is null)
                batch.Park(fact, "The subscription's time zone is not in the time zone database.");
            else puts.BatchCommands.Add(PutOf(fact.Number, set));
        }

        if (puts.BatchCommands.Count == 0) return;

        puts.BatchCommands.Add(new(Tell)
        {
            Parameters =
            {
                new() { Value = WaitingKinds.Subscription },
                new() { Value = batch.Facts.Max(fact => fact.Number) },
                new() { Value = Topics.Catalog },
            },
        });
        await puts.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlBatchCommand PutOf(long number, SubscriptionSetV1 set) => new(Put)
    {
        Parameters =
        {
            new() { Value = Text.Spell(set.Subscription) },
            new() { Value = Text.Spell(set.Tenant) },
            new() { Value = Text.Spell(set.Currency) },
            new() { Value = set.Anchor.Day },
            new() { Value = set.TimeZone },
            new() { Value = number },
        },
    };
}
