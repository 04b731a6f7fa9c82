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

    public sealed record Mark(TimeSpan At, State State, Used Used);

    public async Task<Mark> Look(CancellationToken cancellation)
    {
        foreach (var service in pipeline.Services) service.ShouldRun();
        var accepted = await pipeline.Ingestion.Number(
            "select coalesce(sum(accepted), 0)::bigint from usage_counts", cancellation);
        await using var command = pipeline.Ledger.Data.CreateCommand(LedgerState);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var state = new State(accepted, row.GetInt64(0), row.GetInt64(1) - row.GetInt64(2));
        return new(_clock.Elapsed, state, new(
            By(pipeline.Ingestion.Process.Id), By(pipeline.Pricing.Process.Id), By(pipeline.Ledger.Process.Id),
            By(bench.PostgresId), By(bench.BrokerId), Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds));
    }

    /// <summary>Until so many are in the balances; calls back at each look.</summary>
    public async Task<Mark> Until(long charges, Action<Mark> seen, CancellationToken cancellation)
    {
        var (last, lastChange) = (default(State), _clock.Elapsed);
        while (true)
        {
            var mark = await Look(cancellation);
            seen(mark);
            if (mark.State.Charged >= charges && mark.State.Distance == 0) return mark;

            if (mark.State != last) (last, lastChange) = (mark.State, mark.At);
            if (mark.At - lastChange > LongestStandstill)
                throw new BenchFailed($"it stands still at {mark.State}; they said: " + string.Join(
                    "; ", pipeline.Services.Select(service => $"{service.Project}: {service.Process.Said}")));
            await Task.Delay(100, cancellation); // looking costs some milliseconds
        }
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

    private static double By(int process) => ProcessTree.Processor(process).TotalSeconds;
}
