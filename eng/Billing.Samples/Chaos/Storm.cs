using System.Diagnostics;
using System.Globalization;
using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.LocalTools;
using Billing.Samples.Feeding;
using Billing.Samples.Loading;
using Billing.Samples.OwnStack;
using Billing.Verify;
using Billing.Verify.Reading;
using Npgsql;

namespace Billing.Samples.Chaos;

/// <summary>
/// Kills services, broker and PostgreSQL with SIGKILL while usage and corrections flow, on a stack of its own; in the end
/// every event was taken once and everything adds up.
/// </summary>
internal sealed class Storm(Stack stack, Services services, Progress progress)
{
    private const int BatchSize = 40;
    private const string Reason = "Chaos";
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(150);

    // In the storm the broker may be away; behind it there is only much to send.
    private static readonly TimeSpan InStorm = TimeSpan.FromSeconds(5), Behind = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<SampleTenant> tenants = SampleTenant.Read();
    private readonly List<UsageMessage> all = [];
    private readonly List<(string Tenant, int Row)> asked = [];
    private readonly HashSet<int> done = [];
    private int failed;

    public static async Task<int> Run(Arguments given, TextWriter output, CancellationToken cancellation)
    {
        var progress = new Progress(output);
        var (kills, seed) = (given.Number("--kills", 20), given.Number("--seed", 1));
        var plan = Kill.Plan(kills, seed);
        progress.Line($"{kills} kills by seed {seed}; the same seed has the same plan.");
        var folder = Path.Combine(
            given.Find("--data") ?? Checkout.Data,
            string.Create(CultureInfo.InvariantCulture, $"chaos-{Environment.ProcessId}"));
        await using var stack = await Stack.Start(
            folder, hasSettableClock: false,
            isEmbedded: string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KAFKA_HOME")), cancellation);
        using var services = new Services(stack.Running, TimeProvider.System, TimeSpan.FromHours(8));
        progress.Line(stack.IsKafkaEmbedded
            ? "With the embedded broker (KAFKA_HOME names a real one)." : "With Apache Kafka.");
        return await new Storm(stack, services, progress).Blow(plan, cancellation) ? 0 : 1;
    }

    private async Task<bool> Blow(IReadOnlyList<Kill> plan, CancellationToken cancellation)
    {
        await SignUp(cancellation);
        using var calm = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var feeding = Feed(calm.Token);
        var correcting = Correct(calm.Token);
        for (var index = 0; index < plan.Count; index++)
        {
            await Task.Delay(plan[index].AfterMs, cancellation);
            progress.Line($"  {index + 1,3}  kill -9 {plan[index]}");
            await Strike(plan[index], cancellation);
        }

        await calm.CancelAsync();
        await Task.WhenAll(feeding, correcting);
        progress.Line(
            $"{Progress.Count(all.Count)} events were sent and {done.Count} charges voided meanwhile; {failed} attempts "
            + "failed and are made again.");
        await UntilTaken(cancellation);

        var findings = await Verification.Run(stack.Running, progress.Say, cancellation);
        foreach (var finding in findings) progress.Line($"  {finding}");
        return findings.All(finding => finding.Holds);
    }

    private async Task Strike(Kill kill, CancellationToken cancellation)
    {
        await stack.Kill(kill.What);
        await Task.Delay(kill.DownMs, cancellation);
        await stack.StartAgain(kill.What, cancellation);

        // The embedded broker is elsewhere now. And a service may have given up meanwhile: somebody starts it again.
        var isMoved = kill.What == Stack.Kafka && stack.IsKafkaEmbedded;
        foreach (var service in Stack.Services.Where(service => isMoved || stack.HasEnded(service)))
        {
            if (!stack.HasEnded(service)) await stack.Kill(service);
            await stack.StartAgain(service, cancellation);
        }
    }

    private async Task SignUp(CancellationToken cancellation)
    {
        await services.ImportCatalog(Reason, cancellation);
        foreach (var tenant in tenants)
            await services.AddTenant(tenant, Reason, $"tenant-{tenant.Id}", cancellation);
    }

    // As producers do: what is not known to have arrived is sent again.
    private async Task Feed(CancellationToken calm)
    {
        var requests = SampleUsage.Read();
        var shift = SampleUsage.Shift(requests, TimeProvider.System.GetUtcNow());
        foreach (var batch in SampleUsage.Events(requests, tenants, shift).Chunk(BatchSize))
        {
            if (calm.IsCancellationRequested) return;

            all.AddRange(batch);
            await Try(() => Send(batch, InStorm));
            await Task.Delay(Between, CancellationToken.None);
        }
    }

    private async Task Send(IReadOnlyList<UsageMessage> batch, TimeSpan longest)
    {
        using var patience = new CancellationTokenSource(longest);
        using var feed = new KafkaFeed(stack.Running.Kafka, isEmbedded: false);
        await feed.Send(batch, _ => { }, patience.Token);
    }

    // The same key until there is an answer: what was done before the crash is not done twice.
    private async Task Correct(CancellationToken calm)
    {
        for (var row = 1; !calm.IsCancellationRequested; row += 7)
        {
            var tenant = tenants[SampleUsage.Place(row, tenants.Count)].Id;
            var number = row;
            await Task.Delay(Between * 3, CancellationToken.None);
            if (row > all.Count) row -= 7;
            else
            {
                asked.Add((tenant, number));
                await Try(() => Void(tenant, number, CancellationToken.None));
            }
        }
    }

    private async Task Void(string tenant, int row, CancellationToken cancellation)
    {
        var charge = RatingIds.Use(
            new EventId(SampleUsage.Source, row.ToString(CultureInfo.InvariantCulture)), 0,
            MeterId.Of("llm_tokens_in")).Value;
        await services.Post(
            Resources.Ledger, "/api/overages/ops/override/void", new { tenant, charge, reason = Reason },
            string.Create(CultureInfo.InvariantCulture, $"void-{row}"), cancellation);
        done.Add(row);
    }

    private async Task Try(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception down) when (down is PreparationFailed or OperationCanceledException or IOException)
        {
            failed++; // somebody is down, or the charge is not there yet; it is asked again at the end
        }
    }

    private async Task UntilTaken(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            await Try(() => Send(all, Behind));
            await Task.Delay(1_000, cancellation);
            await using var stores = new Stores(stack.Running);
            try
            {
                var kept = await stores.One<long>(
                    Stores.Ingestion, "select count(*) from usage_keys where state not in (0, 4)", cancellation);
                if (kept == all.Count) break;
                progress.Say($"{Progress.Count(kept)} of {Progress.Count(all.Count)} events taken; sent again");
            }
            catch (NpgsqlException restarting)
            {
                progress.Say(restarting.Message);
            }

            if (clock.Elapsed > Verification.Patience)
                throw new PreparationFailed("what was sent is not taken: see the logs of the services.");
        }

        await using (var stores = new Stores(stack.Running))
            await Verification.AtRest(stores, Stopwatch.StartNew(), progress.Say, cancellation);
        foreach (var (tenant, row) in asked) await Try(() => Void(tenant, row, cancellation));
        progress.Line(
            $"All {Progress.Count(all.Count)} are taken, each once. Of {asked.Count} charges that were to be voided, "
            + $"{done.Count} are void; at the others nothing was left to void.");
    }
}
