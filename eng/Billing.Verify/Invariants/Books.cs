using System.Numerics;
using Billing.Verify.Reading;
using Billing.Verify.Recounting;

namespace Billing.Verify.Invariants;

/// <summary>I1 and I4: the journal adds up to zero, and what the read models say is what the events say.</summary>
internal static class Books
{
    public static async Task<Finding> Postings(Stores stores, CancellationToken cancellation)
    {
        var unequal = await stores.Rows(
            Stores.Ledger,
            """
            select j.position, min(j.event_id::text), min(j.what), j.currency, trim_scale(sum(j.amount))::text
            from journal j group by j.position, j.currency having sum(j.amount) <> 0 order by j.position limit 100
            """,
            row => $"{row.GetString(2)} {row.GetString(1)} (position {row.GetInt64(0)}): its postings come to "
                + $"{row.GetString(4)} {row.GetString(3)}", cancellation);
        var tenants = await stores.Rows(
            Stores.Ledger,
            "select tenant_id, currency, trim_scale(sum(amount))::text from journal group by 1, 2 having sum(amount) <> 0",
            row => $"{row.GetString(0)}: all postings come to {row.GetString(2)} {row.GetString(1)}", cancellation);
        var seen = (await stores.Rows(
            Stores.Ledger, "select count(*), count(distinct tenant_id), count(distinct currency) from journal",
            row => $"{row.GetInt64(0)} postings of {row.GetInt64(1)} tenants in {row.GetInt64(2)} currencies",
            cancellation)).Single();

        return Finding.Of("I1", "postings sum to zero per tenant and currency", seen, [.. unequal, .. tenants]);
    }

    public static async Task<Finding> Balances(Stores stores, Evidence evidence, CancellationToken cancellation)
    {
        var breaches = await stores.Rows(
            Stores.Ledger,
            """
            select coalesce(b.tenant_id, j.tenant_id), coalesce(b.account, j.account), coalesce(b.meter, j.meter),
                coalesce(b.currency, j.currency), trim_scale(coalesce(b.balance, 0))::text,
                trim_scale(coalesce(j.sum, 0))::text, coalesce(b.position, j.last)
            from balances b
            full join (
                select tenant_id, currency, account, meter, sum(amount) as sum, max(position) as last
                from journal group by 1, 2, 3, 4
            ) j using (tenant_id, currency, account, meter)
            where coalesce(b.balance, 0) <> coalesce(j.sum, 0) order by 7 limit 100
            """,
            row => $"{row.GetString(0)}, {row.GetString(1)} {row.GetString(2)}: stored {row.GetString(4)} "
                + $"{row.GetString(3)}, entries {row.GetString(5)}; last moved at position {row.GetInt64(6)}",
            cancellation);
        breaches.AddRange(await Charges(stores, evidence, cancellation));
        var balances = await stores.One<long>(Stores.Ledger, "select count(*) from balances", cancellation);

        return Finding.Of(
            "I4", "stored balances are the sums of their entries",
            $"{balances} balances, {evidence.Events.Count(one => one.Type == "charge_posted")} charges", breaches);
    }

    /// <summary>
    /// What the read models say beside charges and balances, made again of the events and of the journal by other means
    /// than theirs. Row by row it is `./billing rebuild ledger` that compares.
    /// </summary>
    public static async Task<Finding> ReadModels(Stores stores, Evidence evidence, CancellationToken cancellation)
    {
        var posted = (await stores.Rows(
            Stores.Ledger,
            "select position, sum(amount)::text from journal where account = 'unbilled-receivable' group by 1",
            row => (Position: row.GetInt64(0), Amount: row.GetString(1)), cancellation))
            .ToDictionary(row => row.Position, row => Exact.Read(row.Amount, Exact.MoneyDecimals));
        var breaches = evidence.Events.Where(one => one.IsOfCharge)
            .Where(one => posted.GetValueOrDefault(one.Position) != one.Amount.Count)
            .Select(one => $"{one} is about {one.Amount}, and the journal posts "
                + Exact.Write(posted.GetValueOrDefault(one.Position), Exact.MoneyDecimals)).Take(100).ToList();
        breaches.AddRange(await stores.Rows(
            Stores.Ledger,
            """
            select coalesce(t.currency, j.currency), coalesce(t.account, j.account), coalesce(t.month, j.month)::timestamp
            from trial_balance t
            full join (
                select currency, account, date_trunc('month', effective_at at time zone 'UTC')::date as month,
                    coalesce(sum(amount) filter (where amount > 0), 0) as debits,
                    coalesce(-sum(amount) filter (where amount < 0), 0) as credits
                from journal group by 1, 2, 3
            ) j using (currency, account, month)
            where (coalesce(t.debits, 0), coalesce(t.credits, 0)) <> (coalesce(j.debits, 0), coalesce(j.credits, 0))
            order by 3, 1, 2 limit 100
            """,
            row => $"trial balance of {row.GetString(1)} in {row.GetString(0)}, {row.GetDateTime(2):yyyy-MM}, is not the "
                + "sum of the journal", cancellation));
        breaches.AddRange(await stores.Rows(
            Stores.Ledger, "select name, stopped_because from ledger_models where stopped_because is not null",
            row => $"read model {row.GetString(0)} has stopped: {row.GetString(1)}", cancellation));

        return Finding.Of(
            "I6", "read models say what the events say",
            $"{evidence.Events.Count(one => one.IsOfCharge)} entries, trial balance, no model has stopped", breaches);
    }

    // What is left of each charge by its events, and by the table.
    private static async Task<List<string>> Charges(Stores stores, Evidence evidence, CancellationToken cancellation)
    {
        var left = new Dictionary<Guid, BigInteger>();
        var first = new Dictionary<Guid, LedgerEvent>();
        foreach (var one in evidence.Events.Where(one => one.IsOfCharge))
        {
            left[one.Charge] = left.GetValueOrDefault(one.Charge) + one.Amount.Count;
            first.TryAdd(one.Charge, one);
        }

        var breaches = new List<string>();
        foreach (var (charge, stored) in await stores.Rows(
            Stores.Ledger, "select charge_id, trim_scale(left_amount)::text from charges order by position",
            row => (row.GetGuid(0), row.GetString(1)), cancellation))
        {
            if (!left.Remove(charge, out var counted)) breaches.Add($"charge {charge} has no event");
            else if (counted != Exact.Read(stored, Exact.MoneyDecimals))
                breaches.Add($"{first[charge]}: left {stored}, by its events "
                    + Exact.Write(counted, Exact.MoneyDecimals));
        }

        breaches.AddRange(left.Keys.Select(charge => $"{first[charge]} is not among the charges"));
        return breaches;
    }
}
