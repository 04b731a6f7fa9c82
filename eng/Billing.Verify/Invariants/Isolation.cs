using System.Text.Json;
using Billing.LocalTools;
using Billing.Verify.Reading;
using Billing.Verify.Recounting;

namespace Billing.Verify.Invariants;

/// <summary>
/// I10: each tenant sees exactly its own rows. The database keeps whoever asks for a tenant to that tenant's rows, in
/// every table that holds any.
/// </summary>
internal static class Isolation
{
    private const int MostAsked = 20;

    public static async Task<Finding> Check(Stores stores, CancellationToken cancellation)
    {
        var (breaches, tables) = (new List<string>(), 0);
        foreach (var service in stores.Running.Services.Keys.Where(service => service != "console"))
        {
            var reader = $"{service.Replace('-', '_')}_reader";
            var rows = await stores.Rows(
                service,
                """
                select c.relname::text, c.relrowsecurity and c.relforcerowsecurity,
                    exists (select from pg_attribute a
                        where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped),
                    coalesce((select bool_and(pg_get_expr(p.polqual, p.polrelid) ~ 'billing\.tenant|tenant_id IS NULL')
                        from pg_policy p where p.polrelid = c.oid and p.polroles @> array[r.oid]), false)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.rolname = $1
                where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
                  and has_any_column_privilege(r.oid, c.oid, 'select')
                order by 1
                """,
                row => (Table: row.GetString(0), IsForced: row.GetBoolean(1), HasTenant: row.GetBoolean(2),
                    IsByTenant: row.GetBoolean(3)),
                cancellation, reader);
            tables += rows.Count(row => row.HasTenant);
            breaches.AddRange(rows.Where(row => !row.IsForced)
                .Select(row => $"{service}.{row.Table} has no forced row-level security"));
            breaches.AddRange(rows.Where(row => row.HasTenant && !row.IsByTenant)
                .Select(row => $"{service}.{row.Table} shows {reader} more than one tenant"));
        }

        var (asked, wrong) = await Ask(stores, cancellation);
        breaches.AddRange(wrong);
        return Finding.Of(
            "I10", "each tenant sees exactly its own rows",
            $"{tables} tables of tenants' rows are kept by policies; {asked} tenants asked for their balances and got theirs",
            breaches);
    }

    // Over HTTP with a token of each, up to some: exactly the rows that staff sees of it.
    private static async Task<(int Asked, List<string> Wrong)> Ask(Stores stores, CancellationToken cancellation)
    {
        var rows = (await stores.Rows(
            Stores.Ledger, "select tenant_id, account, meter, currency, balance::text from balances",
            row => (Tenant: row.GetString(0), Row: (
                row.GetString(1), row.GetString(2),
                new Priced(Exact.Read(row.GetString(4), Exact.MoneyDecimals), row.GetString(3)))), cancellation))
            .ToLookup(row => row.Tenant, row => row.Row, StringComparer.Ordinal);
        var tenants = rows.Select(tenant => tenant.Key).Order(StringComparer.Ordinal).Take(MostAsked).ToList();
        using var client = new HttpClient { BaseAddress = stores.Running.Services[Stores.Ledger] };
        var wrong = new List<string>();
        foreach (var tenant in tenants)
        {
            var seen = await Seen(client, stores.Running.Key, tenant, cancellation);
            if (!seen.Where(row => row.Tenant == tenant).Select(row => row.Row).Order().SequenceEqual(rows[tenant].Order())
                || seen.Any(row => row.Tenant != tenant))
                wrong.Add($"{tenant} asked for its balances and got {seen.Count} rows, of which "
                    + $"{seen.Count(row => row.Tenant == tenant)} are its own; staff sees {rows[tenant].Count()}");
        }

        return (tenants.Count, wrong);
    }

    private static async Task<List<(string Tenant, (string, string, Priced) Row)>> Seen(
        HttpClient client, DevelopmentKey key, string tenant, CancellationToken cancellation)
    {
        var seen = new List<(string, (string, string, Priced))>();
        string? cursor = null;
        do
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get,
                "/api/v1/ledger/balances?limit=100"
                + (cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}"));
            // Clocks of a demonstration run ahead, so the token is long.
            request.Headers.Authorization = new(
                "Bearer", key.Token("tenant", tenant, TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(100)));
            using var answer = await client.SendAsync(request, cancellation);
            if (!answer.IsSuccessStatusCode)
                throw new PreparationFailed($"the Ledger answers {tenant} with {(int)answer.StatusCode}.");

            using var page = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
            seen.AddRange(page.RootElement.GetProperty("items").EnumerateArray().Select(row => (
                row.Text("tenant"),
                (row.Text("account"), row.Find("meter") ?? "", row.Price("balance")))));
            cursor = page.RootElement.Find("nextCursor");
        }
        while (cursor is not null);

        return seen;
    }
}
