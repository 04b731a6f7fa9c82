using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Billing.Contracts.Values;
using static Billing.Ledger.Events.ReadPlain;
using Part = Billing.Ledger.Events.ChargeParts;

namespace Billing.Ledger.Events;

/// <summary>
/// A charge of JSON in which each part comes once and looks as we write it, in whatever order: PostgreSQL has
/// its own. False for everything else, also for what is wrong. Whoever needs neither the arithmetic nor the
/// names of the usage behind it passes over them.
/// </summary>
internal static class ReadCharge
{
    private static readonly ChargeTrace Unread = new([]);

    /// <summary>Null where it does not look as usual; without trace, usage and merges.</summary>
    public static ChargePosted? Brief(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return reader.Read() && TryRead(ref reader, out var charge, isWhole: false) ? charge : null;
    }

    public static bool TryRead(
        ref Utf8JsonReader json, [NotNullWhen(true)] out ChargePosted? charge, bool isWhole = true)
    {
        charge = null;
        TenantId? tenant = null; Booking? booking = null; ChargeKind? kind = null; Amount? amount = null;
        Origin? origin = null; ChargeTrace? trace = null; BillingPeriod? serves = null; MeterId? meter = null;
        Quantity? quantity = null; UsageRef? usage = null; List<FactId>? merges = null;
        if (json.TokenType != JsonTokenType.StartObject) return false;

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (!(Is(ref json, Part.Tenant) ? Value(ref json, ref tenant)
                : Is(ref json, Part.Booking) ? booking is null && TryBooking(ref json, out booking)
                : Is(ref json, Part.Kind) ? kind is null && TryKind(ref json, out kind)
                : Is(ref json, Part.Amount) ? Value(ref json, ref amount)
                : Is(ref json, Part.Origin) ? origin is null && TryOrigin(ref json, out origin)
                : Is(ref json, Part.Trace) ? trace is null && TryTrace(ref json, isWhole, out trace)
                : Is(ref json, Part.Meter) ? Value(ref json, ref meter)
                : Is(ref json, Part.Quantity) ? Value(ref json, ref quantity)
                : Is(ref json, Part.Usage) ? isWhole ? usage is null && ReadUsage.TryRead(ref json, out usage)
                    : Pass(ref json, JsonTokenType.StartObject)
                : Is(ref json, Part.Serves) ? serves is null && TryPeriod(ref json, out serves)
                : Is(ref json, Part.Merges) && (isWhole
                    ? merges is null && ReadUsage.TryRead(ref json, out merges)
                    : Pass(ref json, JsonTokenType.StartArray))))
                return false;

        if (json.TokenType != JsonTokenType.EndObject) return false;
        if (tenant is not { } who || kind is not { } what || amount is not { } much) return false;
        if (booking is null || origin is null || trace is null) return false;

        charge = new(who, booking, what, much, origin, trace, serves, meter, quantity, usage, merges);
        return true;
    }

    private static bool TryTrace(ref Utf8JsonReader json, bool isWhole, out ChargeTrace? trace)
    {
        if (isWhole) return ReadTrace.TryRead(ref json, out trace);

        trace = Unread;
        return Pass(ref json, JsonTokenType.StartObject);
    }

    private static bool Pass(ref Utf8JsonReader json, JsonTokenType begins) =>
        json.Read() && json.TokenType == begins && json.TrySkip();

    private static bool TryBooking(ref Utf8JsonReader json, out Booking? booking)
    {
        booking = null;
        BillingPeriod? period = null; SubscriptionId? subscription = null;
        if (!Object(ref json)) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (!(Is(ref json, Part.Period) ? period is null && TryPeriod(ref json, out period)
                : Is(ref json, Part.Subscription) && Value(ref json, ref subscription)))
                return false;

        if (json.TokenType != JsonTokenType.EndObject || period is null) return false;
        booking = new(period, subscription);
        return true;
    }

    private static bool TryPeriod(ref Utf8JsonReader json, out BillingPeriod? period)
    {
        period = null;
        DateTimeOffset? start = null, end = null;
        if (!Object(ref json)) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (!(Is(ref json, Part.Start) ? Moment(ref json, ref start)
                : Is(ref json, Part.EndExclusive) && Moment(ref json, ref end)))
                return false;

        if (json.TokenType != JsonTokenType.EndObject) return false;
        if (start is not { } from || end is not { } until || until <= from) return false;
        period = new(from, until);
        return true;
    }

    private static bool TryOrigin(ref Utf8JsonReader json, out Origin? origin)
    {
        origin = null;
        DateTimeOffset? effective = null, recorded = null; Cause? cause = null;
        string? actor = null, reason = null;
        if (!Object(ref json)) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (!(Is(ref json, Part.EffectiveAt) ? Moment(ref json, ref effective)
                : Is(ref json, Part.RecordedAt) ? Moment(ref json, ref recorded)
                : Is(ref json, Part.Actor) ? Word(ref json, ref actor)
                : Is(ref json, Part.Cause) ? Value(ref json, ref cause)
                : Is(ref json, Part.Reason) && Word(ref json, ref reason)))
                return false;

        if (json.TokenType != JsonTokenType.EndObject || actor is null) return false;
        if (effective is not { } since || recorded is not { } learned || cause is not { } why) return false;
        origin = new(since, learned, actor, why, reason);
        return true;
    }

    private static bool TryKind(ref Utf8JsonReader json, out ChargeKind? kind)
    {
        kind = null;
        if (!json.Read() || json.TokenType != JsonTokenType.String) return false;
        for (var place = 0; place < Part.Kinds.Length && kind is null; place++)
            if (json.ValueTextEquals(Part.Kinds[place].EncodedUtf8Bytes)) kind = (ChargeKind)place;

        return kind is not null;
    }
}
