using System.Text.Json;
using Billing.Contracts.Values;
using Part = Billing.Ledger.Events.ChargeParts;

namespace Billing.Ledger.Events;

/// <summary>A charge as JSON: the parts in the order of its golden file.</summary>
internal static class WriteCharge
{
    private static readonly MomentJson Moments = new();

    /// <summary>Nothing is missing that has to be there. What is, the general way refuses.</summary>
    public static bool CanWrite(ChargePosted charge)
    {
        if (charge is not { Booking.Period: not null, Origin.Actor: not null, Trace.Steps: { } steps })
            return false;
        if (charge.Usage is { } usage && (usage.Source is null || usage.Id is null)) return false;
        if ((uint)charge.Kind >= (uint)Part.Kinds.Length) return false;

        foreach (var step in steps)
            if (step?.What is null) return false;

        return true;
    }

    public static void Write(Utf8JsonWriter json, ChargePosted charge)
    {
        json.WriteStartObject();
        Write(json, charge.Booking);
        json.WriteString(Part.Kind, Part.Kinds[(int)charge.Kind]);
        Value(json, Part.Amount, charge.Amount);
        Write(json, charge.Trace);
        if (charge.Serves is { } serves) Write(json, Part.Serves, serves);
        Optional(json, Part.Meter, charge.Meter);
        Optional(json, Part.Quantity, charge.Quantity);
        if (charge.Usage is { } usage) Write(json, usage);
        if (charge.Merges is { } merges) Write(json, merges);
        Value(json, Part.Tenant, charge.Tenant);
        Write(json, charge.Origin);
        json.WriteEndObject();
    }

    internal static void Write(Utf8JsonWriter json, Booking booking)
    {
        json.WriteStartObject(Part.Booking);
        Write(json, Part.Period, booking.Period);
        Optional(json, Part.Subscription, booking.Subscription);
        json.WriteEndObject();
    }

    internal static void Write(Utf8JsonWriter json, JsonEncodedText name, BillingPeriod period)
    {
        json.WriteStartObject(name);
        Moment(json, Part.Start, period.Start);
        Moment(json, Part.EndExclusive, period.EndExclusive);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ChargeTrace trace)
    {
        json.WriteStartObject(Part.Trace);
        json.WriteStartArray(Part.Steps);
        foreach (var step in trace.Steps) Write(json, step);
        json.WriteEndArray();
        Optional(json, Part.Rule, trace.Rule);
        if (trace.RuleVersion is { } version) json.WriteNumber(Part.RuleVersion, version);
        if (trace.Level is { } level) json.WriteString(Part.Level, level);
        Optional(json, Part.Before, trace.Before);
        Optional(json, Part.After, trace.After);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ChargeStep step)
    {
        json.WriteStartObject();
        json.WriteString(Part.What, step.What);
        Value(json, Part.Amount, step.Amount);
        Optional(json, Part.Units, step.Units);
        Optional(json, Part.Price, step.Price);
        if (step.Rounded is { } rounded) json.WriteBoolean(Part.Rounded, rounded);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, UsageRef usage)
    {
        json.WriteStartObject(Part.Usage);
        json.WriteString(Part.Source, usage.Source);
        json.WriteString(Part.Id, usage.Id);
        json.WriteNumber(Part.Revision, usage.Revision);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<FactId> merges)
    {
        Span<char> text = stackalloc char[FactId.LongestText];
        json.WriteStartArray(Part.Merges);
        foreach (var fact in merges) json.WriteStringValue(text[..fact.Write(text)]);
        json.WriteEndArray();
    }

    internal static void Write(Utf8JsonWriter json, Origin origin)
    {
        json.WriteStartObject(Part.Origin);
        Moment(json, Part.EffectiveAt, origin.EffectiveAt);
        Moment(json, Part.RecordedAt, origin.RecordedAt);
        json.WriteString(Part.Actor, origin.Actor);
        Value(json, Part.Cause, origin.Cause);
        if (origin.Reason is { } reason) json.WriteString(Part.Reason, reason);
        json.WriteEndObject();
    }

    private static void Moment(Utf8JsonWriter json, JsonEncodedText name, DateTimeOffset moment)
    {
        json.WritePropertyName(name);
        Moments.Write(json, moment, StoredJson.Options);
    }

    internal static void Optional<T>(Utf8JsonWriter json, JsonEncodedText name, T? value)
        where T : struct, IText<T>
    {
        if (value is { } given) Value(json, name, given);
    }

    internal static void Value<T>(Utf8JsonWriter json, JsonEncodedText name, T value)
        where T : struct, IText<T>
    {
        Span<char> text = stackalloc char[T.LongestText];
        json.WriteString(name, text[..value.Write(text)]);
    }
}
