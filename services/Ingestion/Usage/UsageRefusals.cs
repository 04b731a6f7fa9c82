using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ingestion.Usage;

/// <summary>
/// What was not taken, for people: with the reason, and the bytes as far as they are of use. Of Kafka's
/// messages that nobody can read a copy goes to the topic's .dlq, and they can be redriven.
/// </summary>
public sealed class UsageRefusals(DateTimeOffset now)
{
    private const string Refuse =
        """
        insert into usage_refusals (
            received_at, via, is_conflict, partition, kafka_offset, source, id, tenant_id, code, detail,
            sent_by, headers, body, body_bytes)
        select $1, * from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """;

    // Each content once: a topic that is read again brings the same messages again.
    private const string Park =
        """
        insert into parked_facts (topic, partition, key, body, headers, reason, parked_at)
        select distinct on (t, b) t, p, 'raw:' || md5(b), b, coalesce(h, '[]')::jsonb, r, $6
        from unnest($1, $2, $3, $4, $5) as g (t, p, b, h, r)
        where not exists (
            select from parked_facts f
            where f.topic = t and f.key = 'raw:' || md5(b) and f.redrive_asked_at is null)
        """;

    private const int LongestKept = 4 * 1024;

    private readonly List<Refused> _refused = [];

    public void Add(Arrival arrival, Refusal reason, bool isConflict = false) => _refused.Add(new(
        arrival.Via, isConflict, arrival.Partition, arrival.Offset, arrival.Source ?? arrival.Event?.Source,
        arrival.Id ?? arrival.Event?.Id, arrival.Event?.Tenant.ToString(), reason, arrival.SentBy,
        arrival.Headers, arrival.Original));

    /// <summary>It was taken to wait, and cannot be applied now that it could.</summary>
    public void Add(WaitingUsage waited, Refusal reason) => _refused.Add(new(
        waited.Via, false, null, null, waited.Source, waited.Id, waited.Tenant.ToString(), reason, null, null,
        waited.Write()));

    public void AddTo(BatchTransaction into)
    {
        if (_refused.Count == 0) return;

        into.Write(Columns.Command(
            Refuse,
            Columns.One(now),
            Columns.Of(_refused, one => (short)one.Via),
            Columns.Of(_refused, one => one.IsConflict),
            Columns.Of(_refused, one => one.Partition),
            Columns.Of(_refused, one => one.Offset),
            Columns.Of(_refused, one => one.Source),
            Columns.Of(_refused, one => one.Id),
            Columns.Of(_refused, one => one.Tenant),
            Columns.Of(_refused, one => one.Reason.Code),
            Columns.Of(_refused, one => one.Reason.Detail),
            Columns.Of(_refused, one => one.SentBy),
            Columns.Of(_refused, one => one.Headers),
            Columns.Of(_refused, one => one.Body[..Math.Min(one.Body.Length, LongestKept)]),
            Columns.Of(_refused, one => one.Body.Length)));

        AddParked(into, _refused.FindAll(one => one.Reason.IsUnreadable && one.Topic is not null));
    }

    private void AddParked(BatchTransaction into, List<Refused> unreadable)
    {
        if (unreadable.Count == 0) return;

        into.Write(Columns.Command(
            Park,
            Columns.Of(unreadable, one => one.Topic),
            Columns.Of(unreadable, one => one.Partition),
            Columns.Of(unreadable, one => one.Body),
            Columns.Of(unreadable, one => one.Headers),
            Columns.Of(unreadable, one => one.Reason.Detail),
            Columns.One(now)));
    }

    private sealed record Refused(
        UsageVia Via, bool IsConflict, int? Partition, long? Offset, string? Source, string? Id,
        string? Tenant, Refusal Reason, string? SentBy, string? Headers, ReadOnlyMemory<byte> Body)
    {
        public string? Topic => Via switch
        {
            UsageVia.Kafka => Contracts.Topics.RawUsage,
            UsageVia.QuotaExceeded => Contracts.Topics.QuotaExceeded,
            _ => null,
        };
    }
}
