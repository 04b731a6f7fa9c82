using System.Globalization;
using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.LocalTools;
using Billing.Samples.Feeding;
using Billing.Samples.Loading;
using Billing.Samples.OwnStack;
using Billing.Verify;
using Billing.Verify.Reading;

namespace Billing.Samples.Demo;

/// <summary>
/// A month in a minute, on a stack of its own whose clocks are set forward from step to step: usage with duplicates,
/// conflicts, late and malformed events among it, a new price in mid-month, corrections, balances as of past moments.
/// </summary>
internal sealed class OneMonth(Stack stack, Services services, Progress progress, int requestsPerStep)
{
    private const string Source = "/demo", Reason = "Demonstration";
    private static readonly string[] Roots = ["harbor-robotics", "atelier-lumiere", "cotonou-presse"];

    private readonly IReadOnlyList<SampleUsage.Request> requests = SampleUsage.Read();
    private readonly IReadOnlyList<SampleTenant> tenants =
        [.. SampleTenant.Read().Where(tenant => Roots.Contains(tenant.Id))];

    private readonly Dictionary<int, string> positions = [];
    private DateTimeOffset month;
    private int sent;
    private int expected;
    private string before = "";

    public static async Task<int> Run(Arguments given, TextWriter output, CancellationToken cancellation)
    {
        var progress = new Progress(output);
        var folder = Path.Combine(
            Checkout.Data, string.Create(CultureInfo.InvariantCulture, $"demo-{Environment.ProcessId}"));
        progress.Line("Starting a stack of its own: PostgreSQL, the embedded broker, Ingestion, Pricing, the Ledger.");
        await using var stack = await Stack.Start(folder, hasSettableClock: true, isEmbedded: true, cancellation);
        using var services = new Services(stack.Running, TimeProvider.System, TimeSpan.FromDays(100));
        var demo = new OneMonth(stack, services, progress, given.Number("--requests", 60));
        return await demo.Tell(cancellation) ? 0 : 1;
    }

    private async Task<bool> Tell(CancellationToken cancellation)
    {
        var now = TimeProvider.System.GetUtcNow();
        month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1);
        await Day(1, "catalog, three tenants in three currencies, two of them with a subscription", cancellation);
        await SignUp(cancellation);

        await Use(3, "the first usage", cancellation);
        await Use(6, "some of it sent twice, as producers do that are not sure", cancellation, duplicates: 20);
        await Use(9, "some with another content under the same name, some that nobody can read", cancellation, 0, 2, 2);
        await Correct(10, "void", 1, null, cancellation);
        await Use(12, "late usage of the days before among it", cancellation, lateByDays: 4);
        await NewPrice(15, cancellation);
        await Use(17, "at the new price", cancellation);
        await Correct(18, "credit", requestsPerStep + 1, "0.05 XOF", cancellation);
        await Use(21, "usage as before", cancellation, duplicates: 5);
        await Correct(22, "adjust", requestsPerStep * 2 + 1, "0.1 XOF", cancellation);
        await Use(27, "the last of the month", cancellation);
        await AsOf(28, 6, cancellation);
        await AsOf(29, 15, cancellation);

        progress.Line("");
        progress.Line("What must hold:");
        var findings = await Verification.Run(stack.Running, progress.Say, cancellation);
        foreach (var finding in findings) progress.Line($"  {finding}");
        return findings.All(finding => finding.Holds);
    }

    private async Task SignUp(CancellationToken cancellation)
    {
        await services.ImportCatalog(Reason, cancellation);
        foreach (var tenant in tenants)
        {
            await services.AddTenant(tenant, Reason, $"tenant-{tenant.Id}", cancellation);
            if (tenant.Plan is not null)
                await services.Post(
                    Resources.Pricing, "/api/v1/subscriptions",
                    new
                    {
                        subscription = tenant.SubscriptionId,
                        tenant = tenant.Id,
                        tenant.Plan,
                        reason = Reason,
                        from = month.AddDays(-1),
                    },
                    $"subscription-{tenant.Id}", cancellation);
        }
    }

    private async Task Use(
        int day, string what, CancellationToken cancellation, int duplicates = 0, int conflicts = 0,
        int malformed = 0, int lateByDays = 0)
    {
        await Day(day, what, cancellation);
        var at = month.AddDays(day - 1 - lateByDays);
        var batch = requests.Skip(sent).Take(requestsPerStep)
            .Select((request, index) => Event(request, at.AddMinutes(-index))).ToList();
        sent += batch.Count;
        batch.AddRange(batch.Take(duplicates).ToList());
        batch.AddRange(Enumerable.Range(0, conflicts).Select(index => Changed(batch[index])));
        batch.AddRange(Enumerable.Range(0, malformed).Select(_ => new UsageMessage("", "{ \"specversion\": "u8.ToArray())));
        expected += batch.Count;
        using (var feed = new KafkaFeed(stack.Running.Kafka, stack.IsKafkaEmbedded))
            await feed.Send(batch, _ => { }, cancellation);
        await Settled(cancellation);
    }

    // The first such request from a row on of the tenant that has no allowance: its charge is never zero.
    private async Task Correct(int day, string how, int from, string? amount, CancellationToken cancellation)
    {
        var tenant = tenants.Single(one => one.Plan is null);
        var request = requests.First(one =>
            one.Number >= from && one.TokensIn > 200 && TenantOf(one.Number) == tenant);
        var charge = RatingIds.Use(
            new EventId(Source, request.Number.ToString(CultureInfo.InvariantCulture)), 0,
            MeterId.Of("llm_tokens_in")).Value;
        await Day(
            day, $"operations {how} what {tenant.Id} owes for the prompt of request {request.Number}", cancellation);
        object command = amount is null
            ? new { tenant = tenant.Id, charge, reason = Reason }
            : new { tenant = tenant.Id, charge, amount, reason = Reason };
        var answer = await services.Post(
            Resources.Ledger, $"/api/overages/ops/override/{how}", command, $"demo-{how}", cancellation);
        progress.Line($"    changed {answer.GetProperty("changed").GetString()}, left {answer.GetProperty("left").GetString()}");
        await Settled(cancellation);
    }

    private async Task NewPrice(int day, CancellationToken cancellation)
    {
        await Day(day, "prompts of the plan scale cost half from now on; what was used before keeps its price", cancellation);
        await services.Post(
            Resources.Pricing, "/api/overages/ops/pricing",
            new
            {
                rule = "scale-tokens-in-usd",
                meter = "llm_tokens_in",
                currency = "USD",
                plan = "scale",
                model = JsonSerializer.Deserialize<JsonElement>("""{"model":"per-unit","price":"0.00000125 USD"}"""),
                reason = Reason,
            },
            "demo-price", cancellation);
        await Settled(cancellation);
    }

    // On both clocks: what counted then, and what was known then.
    private async Task AsOf(int day, int past, CancellationToken cancellation)
    {
        var moment = UsageMessage.Spell(month.AddDays(past - 1).AddHours(23));
        await Day(day, $"balances as of day {past}: by what counted until then, and by what was known then", cancellation);
        progress.Line($"    asOf     {await Balances($"&asOf={Uri.EscapeDataString(moment)}", cancellation)}");
        progress.Line($"    knownAt  {await Balances($"&knownAt={positions[past]}", cancellation)}");
    }

    private async Task Day(int day, string what, CancellationToken cancellation)
    {
        var at = month.AddDays(day - 1);
        foreach (var service in Stack.Services)
            await services.Put(service, "/api/v1/meta/clock", new { now = at.AddHours(12) }, cancellation, "admin");
        progress.Line($"{at:yyyy-MM-dd}  {what}");
    }

    private async Task Settled(CancellationToken cancellation)
    {
        await using var stores = new Stores(stack.Running);
        while (await stores.One<decimal>(
            Stores.Ingestion, "select coalesce(sum(received), 0) from usage_counts", cancellation) < expected)
            await Task.Delay(50, cancellation);
        await Verification.AtRest(stores, System.Diagnostics.Stopwatch.StartNew(), _ => { }, cancellation);
        var counts = (await stores.Rows(
            Stores.Ingestion,
            """
            select sum(accepted)::bigint, sum(duplicate)::bigint, sum(conflict)::bigint, sum(rejected)::bigint
            from usage_counts
            """,
            row => row.IsDBNull(0) ? "" : $"{row.GetInt64(0)} accepted, {row.GetInt64(1)} duplicates, "
                + $"{row.GetInt64(2)} conflicts, {row.GetInt64(3)} rejected", cancellation)).Single();
        var balances = await Balances("", cancellation);
        progress.Line($"    {(counts.Length == 0 ? "" : $"{counts}; ")}owed {balances}"
            + (before.Length > 0 && balances == before ? " (as before)" : ""));
        before = balances;
        var day = (int)(await Clock(cancellation) - month).TotalDays + 1;
        positions[day] = (await stores.One<long>(
            Stores.Ledger, "select min(position) from ledger_models", cancellation)).ToString(CultureInfo.InvariantCulture);
    }

    private async Task<DateTimeOffset> Clock(CancellationToken cancellation) =>
        (await services.Get(Resources.Ledger, "/api/v1/meta/clock", cancellation, "admin"))
            .GetProperty("now").GetDateTimeOffset();

    private async Task<string> Balances(string query, CancellationToken cancellation)
    {
        var page = await services.Get(
            Resources.Ledger, $"/api/v1/ledger/balances?account=unbilled-receivable{query}", cancellation);
        return string.Join(", ", page.GetProperty("items").EnumerateArray()
            .Select(row => row.GetProperty("balance").GetString()));
    }

    private UsageMessage Event(SampleUsage.Request request, DateTimeOffset at) => UsageMessage.Of(
        new()
        {
            ["source"] = Source,
            ["id"] = request.Number.ToString(CultureInfo.InvariantCulture),
            ["type"] = SampleUsage.EventType,
            ["subject"] = TenantOf(request.Number).Id,
            ["time"] = UsageMessage.Spell(at),
        },
        [("tokens_in", request.TokensIn), ("tokens_out", request.TokensOut)]);

    private SampleTenant TenantOf(int row) => tenants[SampleUsage.Place(row, tenants.Count)];

    // The same event as another one: more tokens.
    private static UsageMessage Changed(UsageMessage message) => message with
    {
        Body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message.Body)
            .Replace("\"tokens_in\":", "\"tokens_in\":1", StringComparison.Ordinal)),
    };
}
