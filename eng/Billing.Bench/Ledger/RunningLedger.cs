using Billing.Contracts.Values;
using Npgsql;

namespace Billing.Bench.Ledger;

/// <summary>A Ledger with a database of its own, and what that says about its work.</summary>
internal sealed class RunningLedger(ChildProcess process, NpgsqlDataSource data, Uri address) : IAsyncDisposable
{
    private const string Progress =
        """
        select coalesce((select sum(last_number) from read_lanes where topic = 'billing.pricing.ratings.v1'), 0)
                ::bigint,
            coalesce((select max(seq_id) from events.mt_events), 0)::bigint,
            coalesce((select min(position) from ledger_models), 0)::bigint,
            coalesce((select sum(acknowledged) from relay_marks where topic = 'billing.ledger.entries.v1'), 0)
                ::bigint
        """;

    private bool _isStopped;

    /// <param name="Durable">Charges that are committed.</param>
    /// <param name="Last">The position of the newest event.</param>
    /// <param name="Projected">Up to here every projection is.</param>
    /// <param name="Published">Entries that the broker has acknowledged.</param>
    public sealed record State(long Durable, long Last, long Projected, long Published)
    {
        public long Distance => Last - Projected;
    }

    public int ProcessId => process.Id;

    public string Said => process.Said;

    public Uri Address => address;

    public NpgsqlDataSource Data => data;

    /// <exception cref="BenchFailed">It has ended.</exception>
    public async Task<State> Look(CancellationToken cancellation)
    {
        if (process.HasExited) throw new BenchFailed($"the Ledger ended: {process.Said}");

        await using var command = data.CreateCommand(Progress);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
    }

    /// <summary>How many transactions have written the events.</summary>
    public async Task<long> Commits(CancellationToken cancellation) =>
        await Number("select count(distinct xmin::text) from events.mt_events", cancellation);

    /// <summary>Null, or what is not as it should be, in all that was written.</summary>
    public async Task<string?> WhatIsWrong(
        long charges, IReadOnlyDictionary<Currency, Amount> sums, CancellationToken cancellation)
    {
        foreach (var (what, sql) in new[]
        {
            ("events", "select count(*) from events.mt_events where type = 'charge_posted'"),
            ("all events", "select count(*) from events.mt_events"),
            ("charges", "select count(*) from charges"),
            ("postings, by two", "select count(*) / 2 from journal"),
            ("slips", "select coalesce(sum(entries), 0)::bigint from period_slips"),
            ("entries sent", "select count(*) from sent_facts where topic = 'billing.ledger.entries.v1'"),
            ("uses of days", "select coalesce(sum(charges), 0)::bigint from usage_days"),
        })
            if (await Number(sql, cancellation) is var found && found != charges)
                return $"{found:N0} {what} instead of {charges:N0}";

        foreach (var (what, sql) in new[]
        {
            ("events", "select split_part(data ->> 'amount', ' ', 2), sum(split_part(data ->> 'amount', ' ', 1)"
                + "::numeric) from events.mt_events group by 1"),
            ("charges", "select currency, sum(left_amount) from charges group by 1"),
            ("journal", "select currency, sum(amount) from journal where amount > 0 group by 1"),
            ("balances", "select currency, sum(balance) from balances where account = 'unbilled-receivable' "
                + "group by 1"),
            ("slips", "select currency, sum(sum) from period_slips group by 1"),
            ("days", "select currency, sum(amount) from usage_days group by 1"),
        })
            if (await Sums(sql, cancellation) is var found && !SameAs(sums, found))
                return $"the sums of {what} are {string.Join(", ", found)} instead of "
                    + string.Join(", ", sums.Values);

        return await Number(
            "select count(*) from (select from journal group by position, currency having sum(amount) <> 0) x",
            cancellation) == 0
            ? null
            : "postings of an entry do not sum to zero";
    }

    /// <summary>Its database stays.</summary>
    public async Task Stop()
    {
        if (!_isStopped) await process.DisposeAsync();
        _isStopped = true;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        await data.DisposeAsync();
    }

    private static bool SameAs(
        IReadOnlyDictionary<Currency, Amount> sums, Dictionary<string, decimal> found) =>
        sums.Count == found.Count
        && sums.All(sum => found.GetValueOrDefault(Text.Spell(sum.Key)) == sum.Value.ToDecimal());

    private async Task<long> Number(string sql, CancellationToken cancellation)
    {
        await using var command = data.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private async Task<Dictionary<string, decimal>> Sums(string sql, CancellationToken cancellation)
    {
        await using var command = data.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var sums = new Dictionary<string, decimal>(StringComparer.Ordinal);
        while (await rows.ReadAsync(cancellation)) sums[rows.GetString(0)] = rows.GetDecimal(1);
        return sums;
    }
}
