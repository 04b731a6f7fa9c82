using System.Diagnostics;

namespace Billing.Bench.EndToEnd;

/// <summary>How far everything is, and that it adds up at the end.</summary>
internal sealed class Flow(Installation bench, Pipeline pipeline)
{
    private const string LedgerState =
        """
        select coalesce((select sum(last_number) from read_lanes where topic = 'billing.pricing.ratings.v1'), 0)
                ::bigint,
            coalesce((select max(seq_id) from events.mt_events), 0)::bigint,
            coalesce((select min(position) from ledger_models), 0)::bigint
        """;

    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenMarks = TimeSpan.FromMilliseconds(500);

    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <param name="Accepted">Of Ingestion, durable.</param>
    /// <param name="Charged">Of the Ledger, durable.</param>
    /// <param name="Distance">Events that the projections are behind.</param>
    public sealed record State(long Accepted, long Charged, long Distance);

    /// <summary>Processor time until now, in seconds.</summary>
    public sealed record Used(
        double Ingestion, double Pricing, double Ledger, double Postgres, double Broker, double Bench)
    {
        public double All => Ingestion + Pricing + Ledger + Postgres + Broker;

        public Used Since(Used before, double scale = 1) => new(
            (Ingestion - before.Ingestion) * scale, (Pricing - before.Pricing) * scale,
            (Ledger - before.Ledger) * scale, (Postgres - before.Postgres) * scale,
            (Broker - before.Broker) * scale, (Bench - before.Bench) * scale);
    }

    /// <param name="Megabytes">Of the services.</param>
    public sealed record Mark(TimeSpan At, State State, Used Used, IReadOnlyList<long> Megabytes);

    public async Task<Mark> Look(CancellationToken cancellation) => MarkOf(await Ask(cancellation));

    /// <summary>
    /// Until so many are in the balances; calls back at some looks, and at each that tells something.
    /// </summary>
    public async Task<Mark> Until(
        long charges, Func<State, bool> isTelling, Action<Mark> seen, CancellationToken cancellation)
    {
        var (last, lastChange, lastMark) = (default(State), _clock.Elapsed, TimeSpan.Zero);
        while (true)
        {
            var state = await Ask(cancellation);
            var isDone = state.Charged >= charges && state.Distance == 0;
            if (isDone || isTelling(state) || _clock.Elapsed - lastMark > BetweenMarks)
            {
                var mark = MarkOf(state);
                seen(mark);
                if (isDone) return mark;

                lastMark = mark.At;
            }

            if (state != last) (last, lastChange) = (state, _clock.Elapsed);
            if (_clock.Elapsed - lastChange > LongestStandstill)
                throw new BenchFailed($"it stands still at {state}; they said: " + string.Join(
                    "; ", pipeline.Services.Select(service => $"{service.Project}: {service.Process.Said}")));
            await Task.Delay(100, cancellation); // looking costs some milliseconds
        }
    }

    private async Task<State> Ask(CancellationToken cancellation)
    {
        foreach (var service in pipeline.Services) service.ShouldRun();
        var accepted = await pipeline.Ingestion.Number(
            "select coalesce(sum(accepted), 0)::bigint from usage_counts", cancellation);
        await using var command = pipeline.Ledger.Data.CreateCommand(LedgerState);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(accepted, row.GetInt64(0), row.GetInt64(1) - row.GetInt64(2));
    }

    private Mark MarkOf(State state)
    {
        var processes = new ProcessTree();
        return new(_clock.Elapsed, state, new(
            By(pipeline.Ingestion.Process.Id), By(pipeline.Pricing.Process.Id), By(pipeline.Ledger.Process.Id),
            By(bench.PostgresId), By(bench.BrokerId), Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds),
            [.. pipeline.Services.Select(service => processes.ResidentBytesOf(service.Process.Id) >> 20)]);

        double By(int process) => processes.ProcessorOf(process).TotalSeconds;
    }

    /// <summary>Null, or what does not add up.</summary>
    public async Task<string?> WhatIsWrong(UsageLoad load, CancellationToken cancellation)
    {
        foreach (var (service, what, sql) in new[]
        {
            (pipeline.Ingestion, "accepted", "select count(*) from usage_keys"),
            (pipeline.Ingestion, "published", "select count(*) from sent_facts"),
            (pipeline.Pricing, "uses", "select count(*) from uses where state = 0"),
            (pipeline.Pricing, "ratings",
                "select count(*) from sent_facts where topic = 'billing.pricing.ratings.v1'"),
            (pipeline.Ledger, "events", "select count(*) from events.mt_events"),
            (pipeline.Ledger, "charges", "select count(*) from charges"),
            (pipeline.Ledger, "postings, by two", "select count(*) / 2 from journal"),
        })
            if (await service.Number(sql, cancellation) is var found && found != load.Sent)
                return $"{found:N0} {what} in {service.Project} instead of {load.Sent:N0}";

        foreach (var (what, sql) in new[]
        {
            ("charges", "select tenant_id, sum(left_amount) from charges group by 1"),
            ("balances", "select tenant_id, sum(balance) from balances where account = 'unbilled-receivable' "
                + "group by 1"),
        })
            if (await WrongSum(sql, load.Owed, cancellation) is { } wrong) return $"by {what}, {wrong}";

        return null;
    }

    private async Task<string?> WrongSum(
        string sql, Dictionary<string, decimal> owed, CancellationToken cancellation)
    {
        await using var command = pipeline.Ledger.Data.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var seen = 0;
        for (; await rows.ReadAsync(cancellation); seen++)
        {
            var (tenant, sum) = (rows.GetString(0), rows.GetDecimal(1));
            if (owed.GetValueOrDefault(tenant) != sum)
                return $"{tenant} owes {sum} instead of {owed.GetValueOrDefault(tenant)}";
        }

        return seen == owed.Count ? null : $"{seen} tenants owe something instead of {owed.Count}";
    }
}
