using Billing.Ledger.Accounts;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>What each account of each tenant stands at.</summary>
public sealed class BalancesModel : IReadModel
{
    private const string Upsert =
        """
        insert into balances as held (tenant_id, currency, account, meter, balance, position)
        select t, c, a, r, m::numeric, p from unnest($1, $2, $3, $4, $5, $6) as rows (t, c, a, r, m, p)
        on conflict (tenant_id, currency, account, meter) do update
        set balance = held.balance + excluded.balance, position = excluded.position
        """;

    public string Name => "balances";

    public IReadOnlyList<string> Tables { get; } = ["balances"];

    public bool Knows(Type happened) => ReadModels.Known.Contains(happened);

    public Task AddTo(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        Write(batch, page.Sums);
        return Task.CompletedTask;
    }

    internal static void Write(NpgsqlBatch batch, PostingSums sums)
    {
        List<BalanceRow> rows = [.. sums.Balances];
        Columns.Add(
            batch, Upsert,
            Columns.Of(rows, row => row.Key.Tenant.ToString()),
            Columns.Of(rows, row => row.Key.Currency.Code),
            Columns.Of(rows, row => Chart.Word(row.Key.Account)),
            Columns.Of(rows, row => Names.Of(row.Key.Meter)),
            Columns.Numbers(rows, row => row.Balance),
            Columns.Of(rows, row => row.Position));
    }
}
