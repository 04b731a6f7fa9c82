using System.Globalization;
using Billing.LocalTools;
using Billing.Samples.Feeding;
using Billing.Verify.Reading;

namespace Billing.Samples.Loading;

/// <summary>What came of the usage, and where to look at it.</summary>
internal sealed class Summary(RunningInstallation running, Stores stores, Progress progress)
{
    private sealed record TenantRow(string Tenant, string Currency, long Charges, decimal Balance);

    public async Task Print(string? dashboard, TimeProvider time, CancellationToken cancellation)
    {
        var counts = (await stores.Rows(
            Stores.Ingestion,
            "select coalesce(sum(received), 0)::bigint, coalesce(sum(accepted), 0)::bigint from usage_counts",
            row => (Received: row.GetInt64(0), Accepted: row.GetInt64(1)), cancellation)).Single();
        var rated = (await stores.Rows(
            Stores.Pricing,
            "select count(*), count(distinct usage_id) from uses where is_told", row => (
                Measures: row.GetInt64(0), Events: row.GetInt64(1)), cancellation)).Single();
        var tenants = await Tenants(cancellation);

        progress.Line("");
        progress.Line($"  events in   {Progress.Count(counts.Received),10}");
        progress.Line($"  accepted    {Progress.Count(counts.Accepted),10}");
        progress.Line($"  rated       {Progress.Count(rated.Events),10}   {Progress.Count(rated.Measures)} measures");
        progress.Line($"  charges     {Progress.Count(tenants.Sum(tenant => tenant.Charges)),10}");
        foreach (var currency in tenants.GroupBy(tenant => tenant.Currency).OrderBy(group => group.Key))
            progress.Line($"  amount      {Amount(currency.Sum(tenant => tenant.Balance)),10} {currency.Key}");
        progress.Line("");
        progress.Line($"  {"tenant",-20} {"charges",8} {"balance",14}");
        foreach (var tenant in tenants)
            progress.Line(
                $"  {tenant.Tenant,-20} {Progress.Count(tenant.Charges),8} {Amount(tenant.Balance),14} {tenant.Currency}");
        Links(dashboard, tenants, time);
    }

    private Task<List<TenantRow>> Tenants(CancellationToken cancellation) => stores.Rows(
        Stores.Ledger,
        """
        select b.tenant_id, b.currency, coalesce(c.charges, 0), b.balance
        from (
            select tenant_id, currency, sum(balance) as balance from balances
            where account in ('unbilled-receivable', 'accounts-receivable') group by 1, 2
        ) b
        left join (
            select tenant_id, currency, count(*) as charges from charges group by 1, 2
        ) c using (tenant_id, currency)
        order by b.currency, b.tenant_id
        """,
        row => new TenantRow(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetDecimal(3)), cancellation);

    private void Links(string? dashboard, List<TenantRow> tenants, TimeProvider time)
    {
        progress.Line("");
        if (dashboard is not null) progress.Line($"  dashboard   {dashboard}");
        foreach (var (service, address) in running.Services)
            progress.Line($"  {service,-11} {new Uri(address, service == "console" ? "/" : "/swagger")}");
        progress.Line("");
        progress.Line("  Tokens for eight hours (./billing token <role> makes others):");
        var now = time.GetUtcNow();
        foreach (var role in (string[])["ops", "finance"])
            progress.Line($"  {role,-11} {running.Key.Token(role, null, now, TimeSpan.FromHours(8))}");
        if (tenants.Count > 0)
            progress.Line(
                $"  {tenants[0].Tenant}\n  {"",-11} "
                + running.Key.Token("tenant", tenants[0].Tenant, now, TimeSpan.FromHours(8)));
        progress.Line("");
        progress.Line("  ./billing verify checks all of it; Ctrl-C stops everything.");
    }

    private static string Amount(decimal amount) => amount.ToString("#,##0.00####", CultureInfo.InvariantCulture);
}
