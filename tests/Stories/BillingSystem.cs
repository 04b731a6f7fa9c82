using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Samples.Feeding;
using Billing.Samples.Loading;
using Billing.Samples.OwnStack;
using Billing.Testbed;
using Billing.Verify;
using Billing.Verify.Invariants;
using Npgsql;

namespace Billing.Stories;

/// <summary>The verbs of the story, over real processes: PostgreSQL, the embedded broker, three services.</summary>
internal sealed class BillingSystem : IAsyncDisposable
{
    private readonly Stack stack;
    private readonly Services services;

    private BillingSystem(Stack stack) =>
        (this.stack, services) = (stack, new Services(stack.Running, TimeProvider.System));

    public static async Task<BillingSystem> Start() => new(await Stack.Start(
        Path.Combine(Path.GetTempPath(), $"billing-story-{Guid.NewGuid():N}"), hasSettableClock: false,
        isEmbedded: true, CancellationToken.None));

    public Task PublishCatalog(string json) => services.Post(
        Resources.Pricing, "/api/v1/catalog/import?reason=story", JsonSerializer.Deserialize<JsonElement>(json), "catalog",
        CancellationToken.None);

    public Task SignUp(string tenant, string name, string country) => services.Post(
        Resources.Pricing, "/api/v1/tenants", new { tenant, name, country, reason = "story" }, $"tenant-{tenant}",
        CancellationToken.None);

    public Task Subscribe(string tenant, string plan, DateTimeOffset from) => services.Post(
        Resources.Pricing, "/api/v1/subscriptions",
        new { subscription = $"{tenant}-1", tenant, plan, from, reason = "story" }, $"subscribe-{tenant}",
        CancellationToken.None);

    /// <summary>As a platform service does it.</summary>
    public async Task Send(params UsageMessage[] events)
    {
        using var feed = new KafkaFeed(stack.Running.Kafka, isEmbedded: true);
        await feed.Send(events, _ => { }, CancellationToken.None);
    }

    public static UsageMessage Used(
        string tenant, string id, string tokens, DateTimeOffset at, params (string Name, string Value)[] attributes)
    {
        var all = new Dictionary<string, string>
        {
            ["source"] = "/story",
            ["id"] = id,
            ["type"] = "llm.completion",
            ["subject"] = tenant,
            ["time"] = UsageMessage.Spell(at),
        };
        foreach (var (name, value) in attributes) all[name] = value;
        return UsageMessage.Of(all, [("tokens", tokens)]);
    }

    public async Task HasVerdicts(string what, long count)
    {
        var seen = "";
        await Eventually.Is(async () =>
        {
            var report = await services.Get(
                Resources.Ingestion, "/api/v1/sources/%2Fstory/delivery", CancellationToken.None, "ops");
            seen = report.GetRawText();
            return report.GetProperty("total").GetProperty(what).GetInt64() == count;
        }, what: $"{count} {what}: {seen}");
    }

    public async Task OwesEventually(string tenant, string money)
    {
        var seen = "";
        try
        {
            await Eventually.Is(async () => (seen = await Owes(tenant)) == money);
        }
        catch (AssertionException late)
        {
            throw new AssertionException($"{tenant} owes {seen}, not {money}", late);
        }
    }

    /// <summary>What is not billed yet.</summary>
    /// <param name="token">Who asks; null: finance.</param>
    public async Task<string> Owes(string tenant, string? token = null)
    {
        var page = await services.Get(
            Resources.Ledger,
            $"/api/v1/ledger/balances?account=unbilled-receivable{(token is null ? $"&tenant={tenant}" : "")}",
            CancellationToken.None, token is null ? "finance" : "tenant", token);
        return string.Join(", ", page.GetProperty("items").EnumerateArray().Select(row =>
            row.GetProperty("tenant").GetString() == tenant ? row.GetProperty("balance").GetString() : "another's"));
    }

    /// <summary>The charge that an event became: its id is made of the event's, so nobody has to look for it.</summary>
    public static Guid ChargeOf(string id) =>
        RatingIds.Use(new EventId("/story", id), 0, MeterId.Of("tokens")).Value;

    public Task Void(string tenant, string id) => Correct("void", new
    {
        tenant,
        charge = ChargeOf(id),
        reason = "Sent by mistake",
    }, $"void-{id}");

    public Task Credit(string tenant, string id, string amount) => Correct("credit", new
    {
        tenant,
        charge = ChargeOf(id),
        amount,
        reason = "Goodwill",
    }, $"credit-{id}");

    public Task Adjust(string tenant, string id, string amount) => Correct("adjust", new
    {
        tenant,
        charge = ChargeOf(id),
        amount,
        reason = "Agreed price",
    }, $"adjust-{id}");

    public Task<JsonElement> Explain(string id) => services.Get(
        Resources.Ledger, $"/api/v1/ledger/charges/{ChargeOf(id)}/explain", CancellationToken.None);

    public Task<IReadOnlyList<Finding>> Verify() =>
        Verification.Run(stack.Running, _ => { }, CancellationToken.None);

    /// <summary>What no role of the product may do: with the server's own administrator.</summary>
    public async Task Tamper(string sql)
    {
        await using var admin = new NpgsqlConnection(stack.AdminOf(Resources.Ledger));
        await admin.OpenAsync();
        await using var command = new NpgsqlCommand(sql, admin);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        services.Dispose();
        await stack.DisposeAsync();
    }

    private Task<JsonElement> Correct(string how, object command, string key) => services.Post(
        Resources.Ledger, $"/api/overages/ops/override/{how}", command, key, CancellationToken.None);
}
