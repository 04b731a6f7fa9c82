using System.Text;
using System.Text.Json;
using Billing.Verify.Recounting;

namespace Billing.Verify.Reading;

/// <summary>An event as it lies in the ledger's store.</summary>
internal sealed record LedgerEvent(
    long Position, Guid Id, string Stream, long Version, string Type, JsonElement Body)
{
    public string Tenant => Body.Text("tenant");

    public string Cause => Body.GetProperty("origin").Text("cause");

    public DateTimeOffset RecordedAt => Body.GetProperty("origin").Moment("recordedAt");

    public Priced Amount => Body.Price("amount");

    /// <summary>It changes what a charge comes to.</summary>
    public bool IsOfCharge => Type is "charge_posted" or "charge_voided" or "charge_credited" or "charge_adjusted"
        or "charge_taken_back" or "correction_reversed";

    /// <summary>It comes from Pricing, not from a person.</summary>
    public bool IsRated => Type is "charge_posted" or "charge_taken_back";

    /// <summary>The charge that it is, or that it changes.</summary>
    public Guid Charge => Type == "charge_posted" ? Id : Guid.Parse(Of!.Value.Text("charge"));

    public string? Subscription => Body.GetProperty("booking").Find("subscription");

    public string? Meter => Type == "charge_posted" ? Body.Find("meter") : Of?.Find("meter");

    public string Kind => Type == "charge_posted" ? Body.Text("kind") : Of!.Value.Text("kind");

    /// <summary>The first moment of the period that the service was in.</summary>
    public DateTimeOffset Serves => Body.TryGetProperty("serves", out var serves) ? serves.Moment("start")
        : Of is { } of && of.TryGetProperty("serves", out var charged) ? charged.Moment("start")
        : Body.GetProperty("booking").GetProperty("period").Moment("start");

    private JsonElement? Of => Body.TryGetProperty("of", out var of) ? of : null;

    public override string ToString() => $"{Type} {Id} (position {Position}, stream {Stream} version {Version})";

    public static async Task<List<LedgerEvent>> Read(Stores stores, CancellationToken cancellation)
    {
        var events = new List<LedgerEvent>();
        while (true)
        {
            var page = await stores.Rows(
                Stores.Ledger, "select seq_id, id, stream_id, version, type, data from ledger_events_after($1, 5000)",
                row => new LedgerEvent(
                    row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetInt64(3), row.GetString(4),
                    Stores.Parse(Encoding.UTF8.GetBytes(row.GetString(5)))),
                cancellation, events is [.., var last] ? last.Position : 0L);
            if (page.Count == 0) return events;

            events.AddRange(page);
        }
    }
}
