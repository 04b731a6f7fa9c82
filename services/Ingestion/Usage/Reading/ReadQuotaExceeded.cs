using System.Text.Json;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>
/// Messages of the topic quota_exceeded: plain JSON with event_id, tenant_id, plan_id, country, metric,
/// units_exceeded, timestamp and metadata. They become usage that is over the limit already.
/// </summary>
public static class ReadQuotaExceeded
{
    public const string Type = "quota_exceeded", Metric = "metric", Units = "units_exceeded";

    private const int LongestName = 64, LongestText = 256;

    public static UsageReading Read(ReadOnlySpan<byte> json)
    {
        if (ReadCloudEvent.Unfit(json) is { } unfit) return UsageReading.Refused(unfit);
        if (json.Length > UsageLimits.LargestEventBytes) return UsageReading.Refused(Refusal.TooLarge);

        var reader = ReadCloudEvent.Reader(json);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                return UsageReading.Refused(Refusal.NotAnObject);

            var draft = new Draft();
            Object(ref reader, draft);
            reader.Read(); // throws where something follows
            return draft.Finish() with { Length = json.Length };
        }
        catch (JsonException)
        {
            return UsageReading.Refused(ReadCloudEvent.Broken(ref reader));
        }
    }

    private static void Object(ref Utf8JsonReader reader, Draft draft)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // A name that is none of ours stays in the original bytes.
            if (!JsonTexts.TryRead(ref reader, LongestName, out var name)) name = "";
            reader.Read();
            if (name.Length > 0 && !draft.Seen.Add(name)) draft.Refuse(Refusal.DuplicateName);
            if (name == "metadata" && reader.TokenType == JsonTokenType.StartObject)
                Metadata(ref reader, draft);
            else if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                draft.SetWrong(name, ref reader);
            else
                draft.Set(name, PropertyReader.TryValue(ref reader, out var value), value);
        }
    }

    /// <summary>Flat values become properties; what else is there stays in the original bytes.</summary>
    private static void Metadata(ref Utf8JsonReader reader, Draft draft)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isName = JsonTexts.TryRead(ref reader, LongestName, out var name);
            reader.Read();
            var isValue = PropertyReader.TryValue(ref reader, out var value) is null;
            name = $"metadata.{name}";
            if (isName && isValue && PropertyReader.IsName(name)) draft.Add(name, value);
        }
    }

    private sealed class Draft
    {
        private readonly List<KeyValuePair<string, string>> _properties = [];
        private string? _id;
        private TenantId? _tenant;
        private DateTimeOffset? _usedAt;
        private bool _hasMetric, _hasUnits;
        private Refusal? _refusal;

        public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

        public void Refuse(Refusal refusal) => _refusal ??= refusal;

        public void Add(string name, string value)
        {
            if (_properties.Count < UsageLimits.MostProperties) _properties.Add(new(name, value));
        }

        public void SetWrong(string name, ref Utf8JsonReader reader)
        {
            reader.Skip();
            Set(name, Refusal.PropertyTypeInvalid, "");
        }

        public void Set(string name, Refusal? problem, string value)
        {
            var isGood = problem is null && value.Length is > 0 and <= LongestText;
            switch (name)
            {
                case "event_id" when isGood:
                    _id = value;
                    break;
                case "tenant_id" when isGood && TenantId.TryRead(value, out var tenant):
                    _tenant = tenant;
                    break;
                case "timestamp" when isGood && TryMoment(value, out var moment):
                    _usedAt = moment;
                    break;
                case Metric when isGood && MeterId.TryRead(value, out _):
                    _hasMetric = true;
                    Add(name, value);
                    break;
                case Units when isGood && Numbers.TrySpell(value, out var units) && units[0] != '-':
                    _hasUnits = true;
                    Add(name, units);
                    break;
                case "plan_id" or "country" when isGood:
                    Add(name, value);
                    break;
            }
        }

        public UsageReading Finish()
        {
            var refusal = _id is null ? Refusal.EventIdInvalid
                : _tenant is null ? Refusal.TenantIdInvalid
                : _usedAt is null ? Refusal.TimestampInvalid
                : !_hasMetric ? Refusal.MetricInvalid
                : !_hasUnits ? Refusal.UnitsInvalid
                : _refusal;
            var properties = PropertyReader.Sort(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(
                _properties));
            if (refusal is null && PropertyReader.HasTwice(properties)) refusal = Refusal.DuplicateName;
            if (refusal is not null) return new(null, refusal, EventDraft.ReservedSource, _id);

            return new(
                new(EventDraft.ReservedSource, _id!, Type, _tenant!.Value, _usedAt, UsageScope.OverLimit,
                    properties),
                null, EventDraft.ReservedSource, _id);
        }

        private static bool TryMoment(string text, out DateTimeOffset moment)
        {
            Span<byte> bytes = stackalloc byte[3 * LongestText];
            return Moments.TryRead(
                bytes[..System.Text.Encoding.UTF8.GetBytes(text, bytes)], out moment);
        }
    }
}
