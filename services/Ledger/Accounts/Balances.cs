using Billing.Contracts.Values;

namespace Billing.Ledger.Accounts;

/// <summary>A balance of one tenant: of an account, and on revenue of a meter.</summary>
public readonly record struct BalanceKey(TenantId Tenant, Currency Currency, Account Account, MeterId? Meter);

/// <summary>What an account of a tenant stands at. Debit is above zero.</summary>
/// <param name="Position">Of the last event that moved it.</param>
public sealed record BalanceRow(BalanceKey Key, Amount Balance, long Position);

/// <summary>
/// One line of the trial balance, over all tenants. The debits of a currency are its credits.
/// </summary>
public sealed record TrialBalanceRow(Account Account, Amount Debits, Amount Credits)
{
    /// <summary>Debit is above zero.</summary>
    public Amount Balance => Debits - Credits;
}

/// <summary>Sums over the journal.</summary>
public static class Balances
{
    /// <summary>What a batch of rows changes: one row a balance.</summary>
    public static IReadOnlyList<BalanceRow> Changes(IEnumerable<JournalRow> rows)
    {
        var changes = new Dictionary<BalanceKey, BalanceRow>();
        foreach (var row in rows)
        {
            var key = new BalanceKey(row.Tenant, row.Amount.Currency, row.Account, row.Meter);
            changes[key] = changes.TryGetValue(key, out var earlier)
                ? earlier with { Balance = earlier.Balance + row.Amount, Position = row.Position }
                : new(key, row.Amount, row.Position);
        }

        return [.. changes.Values];
    }

    /// <summary>A balance, and a later change of it.</summary>
    public static BalanceRow And(this BalanceRow balance, BalanceRow change) =>
        change with { Balance = balance.Balance + change.Balance };

    /// <summary>One row an account, in the order of the chart.</summary>
    public static IReadOnlyList<TrialBalanceRow> Trial(IEnumerable<JournalRow> rows, Currency currency) =>
    [
        .. rows.Where(row => row.Amount.Currency == currency).GroupBy(row => row.Account)
            .OrderBy(group => Chart.Of(group.Key).Number, StringComparer.Ordinal)
            .Select(group => new TrialBalanceRow(
                group.Key,
                Amount.Sum(group.Select(row => row.Amount).Where(IsDebit), currency),
                -Amount.Sum(group.Select(row => row.Amount).Where(amount => !IsDebit(amount)), currency))),
    ];

    private static bool IsDebit(Amount amount) => amount.Trillionths > 0;
}

/// <summary>A past moment, on two clocks.</summary>
/// <param name="Effective">Only what had taken effect by then; null: everything.</param>
/// <param name="KnownAt">Only what the ledger knew at this position; null: everything.</param>
public readonly record struct Moment(DateTimeOffset? Effective = null, long? KnownAt = null)
{
    public bool Includes(JournalRow row) => Includes(row.Position, row.EffectiveAt);

    public bool Includes(long position, DateTimeOffset effectiveAt) =>
        (KnownAt is not { } known || position <= known) && (Effective is not { } at || effectiveAt <= at);
}
