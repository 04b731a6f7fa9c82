using Billing.Contracts;
using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Closing;

/// <summary>
/// Invoicing asks to close a period; the owner of the tenant's lane answers when it is time. Asked again the
/// answer is the one that was given. A period that was opened again goes on as before: what was answered
/// stays part of its total, and the next close has another number. The rest of the topic is for others.
/// </summary>
public sealed class TakeAsks : IFactHandler
{
    private static readonly string Close = WireNames.Of(typeof(CloseAskedV1));

    public string Topic => Topics.Invoices;

    public string KeyOf(Fact fact) => fact.WireName == Close
        ? $"{PeriodKey.Of(fact.Read<CloseAskedV1>()).Id}"
        : $"fact {fact.Id}";

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        await using var keep = new NpgsqlBatch(batch.Transaction.Connection);
        foreach (var fact in batch.Facts.Where(fact => fact.WireName == Close))
            keep.BatchCommands.Add(Keep(fact.Read<CloseAskedV1>(), fact.Lane, batch.Now));
        if (keep.BatchCommands.Count > 0) await keep.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlBatchCommand Keep(CloseAskedV1 ask, int lane, DateTimeOffset now)
    {
        var period = PeriodKey.Of(ask);
        var request = DerivedId.From("close", $"{period.Id}", $"{ask.CloseNumber}");
        return new(
            """
            insert into closings (
                period_id, close_number, request_id, tenant_id, subscription_id, lane, period_end,
                deadline, ask, asked_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
            """)
        {
            Parameters =
            {
                new() { Value = period.Id },
                new() { Value = ask.CloseNumber },
                new() { Value = request },
                new() { Value = Text.Spell(ask.Tenant) },
                new()
                {
                    Value = ask.Subscription is { } known ? Text.Spell(known) : DBNull.Value,
                    NpgsqlDbType = NpgsqlDbType.Text,
                },
                new() { Value = lane },
                new() { Value = ask.Period.EndExclusive },
                new() { Value = ask.Deadline.ToUniversalTime() },
                new()
                {
                    Value = System.Text.Encoding.UTF8.GetString(ContractsJson.Write(ask)),
                    NpgsqlDbType = NpgsqlDbType.Json,
                },
                new() { Value = now },
            },
        };
    }
}
