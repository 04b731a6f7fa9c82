using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Billing.Bench.EndToEnd;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.LocalTools;
using Billing.Pricing.Catalog;
using Billing.Pricing.Rating;
using Billing.Pricing.Rating.Taking;
using Billing.ServiceDefaults;
using Npgsql;
using Values = Billing.Contracts.Values.Text;

namespace Billing.Bench.Quota;

/// <summary>What the quota check takes at an even rate, beside a bare endpoint that does the same read.</summary>
internal static class QuotaBench
{
    private const int WarmUpSeconds = 3;

    public static async Task Run(Arguments asked, Report report, CancellationToken cancellation)
    {
        var (rate, seconds, pairs) = (
            asked.Number("--rate", 2_000), asked.Number("--seconds", asked.IsQuick ? 3 : 15),
            asked.Number("--pairs", asked.IsQuick ? 1 : 3));
        await using var bench = await Installation.Start(report, cancellation);
        var tallies = new List<(string Tenant, Guid Tally)>();
        var (process, data, address) = await bench.StartService(
            "Pricing", Resources.Pricing, (source, stop) => Seed(source, tallies, stop), cancellation);
        await using var service = process;
        await using var store = data;
        var port = FreePort.Find();
        await using var bareProcess = ChildProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "Billing.Bench"),
            [BareQuota.Name, data.ConnectionString, $"http://127.0.0.1:{port}"], new Dictionary<string, string>());
        var quota = new OpenLoop(address, bench.Token("producer"));
        var bare = new OpenLoop(new($"http://127.0.0.1:{port}"), null);
        await quota.UntilReady("/health/ready", ShouldRun, cancellation);
        await bare.UntilReady(BarePath(0), ShouldRun, cancellation);
        await Limit(address, bench.Token("ops"), cancellation);

        await quota.Measure(QuotaPath, rate / 4, WarmUpSeconds, cancellation);
        await bare.Measure(BarePath, rate / 4, WarmUpSeconds, cancellation);
        var runs = new List<(OpenLoop.Run Quota, OpenLoop.Run Bare)>();
        for (var pair = 0; pair < pairs; pair++)
        {
            // Whoever comes first finds colder caches, so it is not always the same one.
            var first = pair % 2 == 0 ? null : await Measure(bare, BarePath, bareProcess.Id);
            var checks = await Measure(quota, QuotaPath, service.Id);
            runs.Add((checks, first ?? await Measure(bare, BarePath, bareProcess.Id)));
        }

        report.Quota(rate, seconds, runs);

        async Task<OpenLoop.Run> Measure(OpenLoop loop, Func<int, string> path, int process)
        {
            var (own, postgres) = (ProcessTree.Processor(process), ProcessTree.Processor(bench.PostgresId));
            var run = await loop.Measure(path, rate, seconds, cancellation);
            return run with
            {
                ServiceMicros = (ProcessTree.Processor(process) - own).TotalMicroseconds / run.Calls,
                PostgresMicros = (ProcessTree.Processor(bench.PostgresId) - postgres).TotalMicroseconds / run.Calls,
            };
        }

        string QuotaPath(int call) =>
            $"/api/v1/quota/{tallies[Tenant(call)].Tenant}/{UsageLoad.Meter}?units={1 + (call % 9)}";

        string BarePath(int call) => $"/bare/{tallies[Tenant(call)].Tally}";

        void ShouldRun()
        {
            if (service.HasExited) throw new BenchFailed($"Pricing ended: {service.Said}");
            if (bareProcess.HasExited) throw new BenchFailed($"the bare endpoint ended: {bareProcess.Said}");
        }
    }

    public static void Quota(
        this Report report, int rate, int seconds, IReadOnlyList<(OpenLoop.Run Quota, OpenLoop.Run Bare)> runs)
    {
        Report.Line();
        Report.Line(Text($"{rate:N0} calls a second for {seconds} s, {runs.Count} in turn, from the moment each was due:"));
        Report.Line("                       p50 ms    p99 ms    max ms   sent late    wrong   µs CPU service  PostgreSQL  client");
        foreach (var (quota, bare) in runs)
        {
            Line("quota check", quota);
            Line("bare endpoint", bare);
        }

        var (own, other) = (
            Median(runs.Select(run => run.Quota.P99Milliseconds)), Median(runs.Select(run => run.Bare.P99Milliseconds)));
        Report.Line(Text($"p99 of the quota check {own:N2} ms, of the bare endpoint {other:N2} ms (medians): ")
            + Text($"{own / other:N2} times"));
        report.Keep(
            "quota", new { rate, seconds, runs = runs.Select(run => new { quota = run.Quota, bare = run.Bare }) },
            runs.All(run => run.Quota.Wrong == 0 && run.Bare.Wrong == 0));

        static void Line(string what, OpenLoop.Run run) => Report.Line(
            Text($"  {what,-18} {run.P50Milliseconds,8:N2}  {run.P99Milliseconds,8:N2}  {run.MaxMilliseconds,8:N2}  ")
            + Text($"{run.Late,10:N0} {run.Wrong,8:N0} {run.ServiceMicros,16:N0} {run.PostgresMicros,11:N0} ")
            + Text($"{run.ClientMicros,7:N0}"));
    }

    // Every one of them, in no order.
    private static int Tenant(int call) => (int)(call * 7_919L % Load.Tenants);

    private static async Task Limit(Uri address, string token, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        client.DefaultRequestHeaders.Add("Idempotency-Key", "bench-quota-limit");
        using var answer = await client.PostAsJsonAsync(
            "/api/v1/quota-limits",
            new { meter = Values.Spell(UsageLoad.Meter), hardCap = "1000000000", softCap = "500000000", reason = "bench" },
            cancellation);
        if (!answer.IsSuccessStatusCode)
            throw new BenchFailed($"no limit: {await answer.Content.ReadAsStringAsync(cancellation)}");
    }

    /// <summary>The catalog, and for each tenant what it has used this month.</summary>
    private static async Task Seed(
        NpgsqlDataSource data, List<(string, Guid)> seeded, CancellationToken cancellation)
    {
        await Pipeline.Seed(data, cancellation);
        var facts = UsageLoad.Catalog().Select(one => one.Fact).ToList();
        var (state, now, total) = (CatalogState.Empty.Evolve(facts), DateTimeOffset.UtcNow, new PeriodTotal());
        await using var connection = await data.OpenConnectionAsync(cancellation);
        foreach (var tenant in facts.OfType<TenantSetV1>())
        {
            var key = TallyKey.Of(tenant.Tenant, UsageLoad.Meter, now, state, TimeZones.Find)!;
            var terms = key.Terms(state, TimeZones.Find);
            var use = new Use(new("/bench", $"{tenant.Tenant}"), 0, now, default, Quantity.From(1_234_567));
            var tally = RateUse.Decide(use, terms, Tally.Empty(terms), total).Tally;
            await using var put = new NpgsqlCommand(
                """
                insert into tallies (
                    tally_id, tenant_id, subscription_id, meter_id, currency, period_start, period_end, stamp,
                    catalog_number, terms_id, tally, total, taken, last_used_at)
                values ($1, $2, $3, $4, $5, $6, $7, nextval('tally_stamps'), $8, $9, $10::json, $11, 1, $12)
                """, connection)
            {
                Parameters =
                {
                    new() { Value = key.Id }, new() { Value = Values.Spell(key.Tenant) },
                    new() { Value = Values.Spell(key.Subscription!.Value) }, new() { Value = Values.Spell(key.Meter) },
                    new() { Value = Values.Spell(key.Currency) }, new() { Value = key.Period.Start },
                    new() { Value = key.Period.EndExclusive }, new() { Value = (long)facts.Count },
                    new() { Value = terms.Id }, new() { Value = JsonSerializer.Serialize(tally, ContractsJson.Options) },
                    new() { Value = tally.Total.ToDecimal() }, new() { Value = now },
                },
            };
            await put.ExecuteNonQueryAsync(cancellation);
            seeded.Add((Values.Spell(key.Tenant), key.Id));
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
