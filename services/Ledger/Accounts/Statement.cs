using Billing.Contracts.Values;

namespace Billing.Ledger.Accounts;

/// <summary>
/// What a tenant owed at the beginning of a span of time, what moved it, and what is owed at its end.
/// </summary>
/// <param name="Movements">In the order in which they took effect, one a posting on the account.</param>
public sealed record Statement(
    TenantId Tenant,
    Account Account,
    BillingPeriod Span,
    Amount Opening,
    IReadOnlyList<JournalRow> Movements,
    Amount Closing)
{
    /// <param name="rows">Of the tenant; others, and other accounts and currencies, are passed over.</param>
    /// <param name="span">By effective time.</param>
    /// <param name="knownAt">Only what the ledger knew at this position; null: everything.</param>
    public static Statement Of(
        IEnumerable<JournalRow> rows, TenantId tenant, Currency currency, BillingPeriod span,
        Account account = Account.AccountsReceivable, long? knownAt = null)
    {
        var moment = new Moment(KnownAt: knownAt);
        var known = rows
            .Where(row => row.Tenant == tenant && row.Account == account && row.Amount.Currency == currency)
            .Where(row => moment.Includes(row) && row.EffectiveAt < span.EndExclusive)
            .OrderBy(row => row.EffectiveAt).ThenBy(row => row.Position).ThenBy(row => row.Line)
            .ToList();

        var before = known.TakeWhile(row => row.EffectiveAt < span.Start).ToList();
        var opening = Amount.Sum(before.Select(row => row.Amount), currency);
        var movements = known[before.Count..];
        return new(
            tenant, account, span, opening, movements,
            opening + Amount.Sum(movements.Select(row => row.Amount), currency));
    }
}
