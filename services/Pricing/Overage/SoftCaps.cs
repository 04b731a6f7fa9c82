using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Rating.Taking;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Pricing.Overage;

/// <summary>Rows of <c>soft_caps_passed</c>.</summary>
internal static class SoftCaps
{
    private const string Sql =
        "select passed_at from soft_caps_passed where tally_id = $1 and soft_cap = $2";

    /// <param name="tally">Null finds nothing, as a limit without a soft cap.</param>
    public static NpgsqlBatchCommand Find(Guid? tally, QuotaLimitSetV1? limit) => new(Sql)
    {
        Parameters = { new() { Value = tally ?? Guid.Empty }, new() { Value = Cap(limit) } },
    };

    /// <summary>In the middle of a look at a snapshot.</summary>
    public static DateTimeOffset? Read(NpgsqlConnection connection, Guid? tally, QuotaLimitSetV1? limit)
    {
        using var ask = new NpgsqlBatch(connection) { BatchCommands = { Find(tally, limit) } };
        return ask.ExecuteScalar() is DateTime passed ? new(passed, TimeSpan.Zero) : null;
    }

    /// <summary>The first one to see it says when it was.</summary>
    public static async Task Put(
        ServiceDatabase database, TallyKey key, QuotaLimitSetV1 limit, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var command = database.Writer.CreateCommand(
            """
            insert into soft_caps_passed (tally_id, soft_cap, tenant_id, passed_at) values ($1, $2, $3, $4)
            on conflict do nothing
            """);
        command.Parameters.Add(new() { Value = key.Id });
        command.Parameters.Add(new() { Value = Cap(limit) });
        command.Parameters.Add(new() { Value = Text.Spell(key.Tenant) });
        command.Parameters.Add(new() { Value = now });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public static string Cap(QuotaLimitSetV1? limit) =>
        limit?.SoftCap is { } cap ? Text.Spell(cap) : "";
}
