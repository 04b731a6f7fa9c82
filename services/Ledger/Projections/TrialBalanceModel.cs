using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
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
        var sums = Sums(page.Journal);
        Columns.Add(
            batch, Upsert,
            Columns.Of(sums, sum => sum.Key.Currency.Code),
            Columns.Of(sums, sum => Chart.Word(sum.Key.Account)),
            Columns.Of(sums, sum => sum.Key.Month),
            Columns.Of(sums, sum => Columns.Number(sum.Value.Debits)),
            Columns.Of(sums, sum => Columns.Number(sum.Value.Credits)));
        return Task.CompletedTask;
    }

    private static List<KeyValuePair<Key, (Amount Debits, Amount Credits)>> Sums(
        IReadOnlyList<JournalRow> rows)
    {
        var sums = new Dictionary<Key, (Amount Debits, Amount Credits)>();
        foreach (var row in rows)
        {
            var (currency, none) = (row.Amount.Currency, Amount.Zero(row.Amount.Currency));
            var key = new Key(currency, row.Account, MonthOf(row.EffectiveAt));
            var (debits, credits) = sums.GetValueOrDefault(key, (none, none));
            sums[key] = row.Amount > none ? (debits + row.Amount, credits) : (debits, credits - row.Amount);
        }

        return [.. sums];
    }

    private static DateOnly MonthOf(DateTimeOffset moment) =>
        new(moment.UtcDateTime.Year, moment.UtcDateTime.Month, 1);

    private readonly record struct Key(Currency Currency, Account Account, DateOnly Month);
}
