using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Questions;

/// <summary>
/// Finds the facts of an event without an index over all facts: their ids follow from the event, and they
/// were sent when it was taken or when its state changed.
/// </summary>
internal static class FindFacts
{
    // Transactions overlap, and the clocks of service and database differ.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<SentFact>> Of(
        ReadFate fate, EventKey key, IReadOnlyList<EventMoment> history, CancellationToken cancellation)
    {
        var ids = Ids(new(fate.Source, fate.Id), key.Revision);
        var facts = new Dictionary<Guid, SentFact>();
        foreach (var moment in history.Select(one => one.At).Prepend(key.ReceivedAt).Distinct())
            foreach (var fact in await Around(fate, key.Tenant, moment, ids, cancellation))
                facts[fact.FactId] = fact;

        return [.. facts.Values.OrderBy(fact => fact.Number)];
    }

    private static Dictionary<Guid, int> Ids(Contracts.Values.EventId usage, int lastRevision)
    {
        var ids = new Dictionary<Guid, int>();
        for (var revision = 0; revision <= lastRevision; revision++)
        {
            ids[UsageIds.Accepted(usage, revision).Value] = revision;
            ids[UsageIds.Canceled(usage, revision).Value] = revision;
        }

        return ids;
    }

    private static async Task<List<SentFact>> Around(
        ReadFate fate, string tenant, DateTimeOffset moment, Dictionary<Guid, int> ids,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select fact_id, wire_name, number, sent_at, number <= acknowledged_number($1, $2) from sent_facts
            where topic = $1 and lane = $2 and key = $6 and fact_id = any ($5)
              and number >= first_sent_number($1, $2, $3) and number < first_sent_number($1, $2, $4)
            """, fate.Connection);
        var lane = Lanes.Of(TenantId.Of(tenant));
        command.Parameters.Add(new() { Value = Topics.Usage });
        command.Parameters.Add(new() { Value = lane });
        command.Parameters.Add(new() { Value = moment - Slack });
        command.Parameters.Add(new() { Value = moment + Slack });
        command.Parameters.Add(new()
        {
            Value = ids.Keys.ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid,
        });
        command.Parameters.Add(new() { Value = tenant });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var facts = new List<SentFact>();
        while (await rows.ReadAsync(cancellation))
            facts.Add(new(
                rows.GetGuid(0), rows.GetString(1), ids[rows.GetGuid(0)], lane, rows.GetInt64(2),
                rows.GetFieldValue<DateTimeOffset>(3), rows.GetBoolean(4)));
        return facts;
    }
}
