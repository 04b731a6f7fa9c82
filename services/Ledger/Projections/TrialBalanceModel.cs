using Billing.Ledger.Accounts;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>Debits and credits of each account over all tenants, by the month they took effect in.</summary>
public sealed class TrialBalanceModel : IReadModel
{
    private const string Upsert =
        """
        insert into trial_balance as held (currency, account, month, debits, credits)
        select c, a, m, d::numeric, k::numeric from unnest($1, $2, $3, $4, $5) as rows (c, a, m, d, k)
        on conflict (currency, account, month) do update
        set debits = held.debits + excluded.debits, credits = held.credits + excluded.credits
        """;

    public string Name => "trial-balance";

    public IReadOnlyList<string> Tables { get; } = ["trial_balance"];

    public bool Knows(Type happened) => ReadModels.Known.Contains(happened);

    public Task AddTo(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        Write(batch, page.Sums);
        return Task.CompletedTask;
    }

    internal static void Write(NpgsqlBatch batch, PostingSums sums)
    {
        List<KeyValuePair<PostingSums.MonthKey, PostingSums.MonthSum>> rows = [.. sums.Months];
        Columns.Add(
            batch, Upsert,
            Columns.Of(rows, row => row.Key.Currency.Code),
            Columns.Of(rows, row => Chart.Word(row.Key.Account)),
            Columns.Of(rows, row => new DateOnly(row.Key.Year, row.Key.Month, 1)),
            Columns.Numbers(rows, row => row.Value.Debits),
            Columns.Numbers(rows, row => row.Value.Credits));
    }
}
