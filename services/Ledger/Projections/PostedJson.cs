using System.Text.Json;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Projections;

/// <summary>
/// Posted charges, read in one pass over their bytes, as they lie in the store and without what read models
/// do not need. It knows the one usual shape and gives up at anything else, which is then read by the rules.
/// </summary>
internal static class PostedJson
{
    private static readonly ChargeTrace Unread = new([]);

    /// <summary>Null where it is not as usual.</summary>
    public static ChargePosted? Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var parts = new Parts();
        return reader.Read() && reader.TokenType == JsonTokenType.StartObject && Read(ref reader, ref parts)
            ? parts.Charge()
            : null;
    }

    private static bool Read(ref Utf8JsonReader reader, ref Parts parts)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            if (!ReadPart(ref reader, ref parts)) return false;
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool ReadPart(ref Utf8JsonReader reader, ref Parts parts)
    {
        if (reader.ValueTextEquals("tenant"u8)) return JsonParts.Text(ref reader, out parts.Tenant);
        if (reader.ValueTextEquals("booking"u8)) return ReadBooking(ref reader, ref parts);
        if (reader.ValueTextEquals("kind"u8)) return JsonParts.Word(ref reader, out parts.Kind);
        if (reader.ValueTextEquals("amount"u8)) return JsonParts.Text(ref reader, out parts.Amount);
        if (reader.ValueTextEquals("origin"u8)) return ReadOrigin(ref reader, ref parts);
        if (reader.ValueTextEquals("meter"u8)) return JsonParts.Text(ref reader, out parts.Meter);
        if (reader.ValueTextEquals("quantity"u8)) return JsonParts.Text(ref reader, out parts.Quantity);
        if (reader.ValueTextEquals("serves"u8)) return JsonParts.Period(ref reader, out parts.Serves);
        if (reader.ValueTextEquals("trace"u8))
            return parts.HasTrace = Pass(ref reader, JsonTokenType.StartObject);
        if (reader.ValueTextEquals("usage"u8)) return Pass(ref reader, JsonTokenType.StartObject);
        return reader.ValueTextEquals("merges"u8) && Pass(ref reader, JsonTokenType.StartArray);
    }

    private static bool ReadBooking(ref Utf8JsonReader reader, ref Parts parts)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            if (!(reader.ValueTextEquals("period"u8)
                ? JsonParts.Period(ref reader, out parts.Booked)
                : reader.ValueTextEquals("subscription"u8)
                    && JsonParts.Text(ref reader, out parts.Subscription)))
                return false;
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool ReadOrigin(ref Utf8JsonReader reader, ref Parts parts)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            if (!ReadOfOrigin(ref reader, ref parts)) return false;
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool ReadOfOrigin(ref Utf8JsonReader reader, ref Parts parts)
    {
        if (reader.ValueTextEquals("effectiveAt"u8))
            return JsonParts.Moment(ref reader, out parts.EffectiveAt);
        if (reader.ValueTextEquals("recordedAt"u8))
            return JsonParts.Moment(ref reader, out parts.RecordedAt);
        if (reader.ValueTextEquals("actor"u8)) return JsonParts.Text(ref reader, out parts.Actor);
        if (reader.ValueTextEquals("cause"u8)) return JsonParts.Text(ref reader, out parts.Cause);
        return reader.ValueTextEquals("reason"u8) && JsonParts.Text(ref reader, out parts.Reason);
    }

    private static bool Pass(ref Utf8JsonReader reader, JsonTokenType begins) =>
        reader.Read() && reader.TokenType == begins && reader.TrySkip();

    private struct Parts
    {
        public TenantId? Tenant;
        public BillingPeriod? Booked, Serves;
        public SubscriptionId? Subscription;
        public ChargeKind? Kind;
        public Amount? Amount;
        public MeterId? Meter;
        public Quantity? Quantity;
        public DateTimeOffset? EffectiveAt, RecordedAt;
        public string? Actor, Reason;
        public Cause? Cause;
        public bool HasTrace;

        public readonly ChargePosted? Charge() =>
            Tenant is { } tenant && Booked is { } booked && Kind is { } kind && Amount is { } amount
                && EffectiveAt is { } effective && RecordedAt is { } recorded && Actor is { } actor
                && Cause is { } cause && HasTrace
                ? new(
                    tenant, new(booked, Subscription), kind, amount,
                    new(effective, recorded, actor, cause, Reason), Unread, Serves, Meter, Quantity)
                : null;
    }
}
