using System.Runtime.InteropServices;
using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.Ledger.Events;

namespace Billing.Ledger.Projections;

/// <summary>What postings come to: for each balance, and for each account and month.</summary>
internal sealed class PostingSums
{
    private readonly Dictionary<BalanceKey, BalanceRow> _balances = [];
    private readonly Dictionary<MonthKey, MonthSum> _months = [];

    /// <summary>A month (of UTC) in which postings took effect.</summary>
    internal readonly record struct MonthKey(Currency Currency, Account Account, int Year, int Month);

    internal readonly record struct MonthSum(Amount Debits, Amount Credits);

    public IReadOnlyCollection<BalanceRow> Balances => _balances.Values;

    public IReadOnlyCollection<KeyValuePair<MonthKey, MonthSum>> Months => _months;

    public static PostingSums Of(IReadOnlyList<Positioned> events)
    {
        var sums = new PostingSums();
        sums.Add(events);
        return sums;
    }

    /// <summary>What comes after all that is in it.</summary>
    public void Add(IReadOnlyList<Positioned> events)
    {
        var postings = new List<Posting>();
        foreach (var happened in events)
        {
            postings.Clear();
            Postings.AddTo(postings, happened.Event);
            foreach (var posting in postings) Add(happened, posting);
        }
    }

    private void Add(Positioned happened, Posting posting)
    {
        var key = new BalanceKey(
            happened.Event.Tenant, posting.Amount.Currency, posting.Account, posting.Meter);
        ref var balance = ref CollectionsMarshal.GetValueRefOrAddDefault(_balances, key, out _);
        balance = new(
            key, balance is null ? posting.Amount : balance.Balance + posting.Amount, happened.Position);

        var none = Amount.Zero(posting.Amount.Currency);
        var moment = happened.Event.Origin.EffectiveAt.UtcDateTime;
        ref var month = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _months, new(none.Currency, posting.Account, moment.Year, moment.Month), out var isThere);
        if (!isThere) month = new(none, none);
        month = posting.Amount > none
            ? month with { Debits = month.Debits + posting.Amount }
            : month with { Credits = month.Credits - posting.Amount };
    }
}
