using System.Text.Json;
using System.Text.Json.Serialization;

namespace Billing.Ledger.Events;

/// <summary>
/// Nearly all of the store are charges, so they have a way of their own into JSON and back, for the form that
/// they nearly always have. What differs from it in the least goes the general way, which decides what it is:
/// so both ways say the same, and this one sooner.
/// </summary>
/// <param name="general">The same rules without this converter.</param>
internal sealed class ChargeJson(JsonSerializerOptions general) : JsonConverter<ChargePosted>
{
    public override ChargePosted Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var start = reader;
        if (ReadCharge.TryRead(ref reader, out var charge)) return charge;

        reader = start;
        return JsonSerializer.Deserialize<ChargePosted>(ref reader, general)
            ?? throw new JsonException("Nothing there.");
    }

    public override void Write(Utf8JsonWriter writer, ChargePosted value, JsonSerializerOptions options)
    {
        if (WriteCharge.CanWrite(value)) WriteCharge.Write(writer, value);
        else JsonSerializer.Serialize(writer, value, general);
    }
}

/// <summary>The names of the parts of a charge, and what stands for enumerations.</summary>
internal static class ChargeParts
{
    public static readonly JsonEncodedText Booking = Name("booking"), Period = Name("period"),
        Start = Name("start"), EndExclusive = Name("endExclusive"), Subscription = Name("subscription"),
        Kind = Name("kind"), Amount = Name("amount"), Trace = Name("trace"), Steps = Name("steps"),
        What = Name("what"), Units = Name("units"), Price = Name("price"), Rounded = Name("rounded"),
        Rule = Name("rule"), RuleVersion = Name("ruleVersion"), Level = Name("level"),
        Before = Name("before"), After = Name("after"), Serves = Name("serves"), Meter = Name("meter"),
        Quantity = Name("quantity"), Usage = Name("usage"), Source = Name("source"), Id = Name("id"),
        Revision = Name("revision"), Merges = Name("merges"), Tenant = Name("tenant"),
        Origin = Name("origin"), EffectiveAt = Name("effectiveAt"), RecordedAt = Name("recordedAt"),
        Actor = Name("actor"), Cause = Name("cause"), Reason = Name("reason");

    /// <summary>By their values.</summary>
    public static readonly JsonEncodedText[] Kinds =
    [
        .. Enum.GetNames<ChargeKind>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName).Select(Name),
    ];

    private static JsonEncodedText Name(string name) => JsonEncodedText.Encode(name);
}
