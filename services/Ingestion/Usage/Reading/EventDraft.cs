using System.Buffers;
using System.Globalization;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using EventId = Billing.Contracts.Values.EventId;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>
/// Collects the attributes of a CloudEvent, whatever they are written in, and makes the event of them. The
/// first thing that is wrong decides; the rest is read all the same, to learn which event it is.
/// </summary>
public struct EventDraft
{
    public const int LongestAttribute = 4_096, LongestName = 64;

    /// <summary>Only the topic's own messages carry this source.</summary>
    public const string ReservedSource = "quota_exceeded";

    private const int LongestSequence = 64;

    private static readonly SearchValues<byte> NameLetters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789"u8);

    private string? _source, _id, _type;
    private TenantId? _tenant;
    private DateTimeOffset? _time;
    private long? _sequence;
    private UsageChange? _change;
    private bool _isCloudEvent;
    private Refusal? _refusal;
    private HashSet<string>? _others;
    private int _seen;

    public void Refuse(Refusal refusal) => _refusal ??= refusal;

    /// <param name="value">Valid UTF-8, without escapes.</param>
    public void Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var attribute = See(name);
        if (value.Length > LongestAttribute || !IsGood(attribute, value))
            Refuse(EventFields.RefusalOf(attribute));
    }

    /// <summary>The value is no text, which only a numbering and what we do not know may be.</summary>
    public void SetOther(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var attribute = See(name);
        if (attribute is not (EventField.Sequence or EventField.Other) || !IsGood(attribute, value))
            Refuse(EventFields.RefusalOf(attribute));
    }

    /// <summary>The value is nothing that an attribute can be.</summary>
    public void Wrong(ReadOnlySpan<byte> name) => Refuse(EventFields.RefusalOf(See(name)));

    /// <summary>A null is the same as not there.</summary>
    public EventField See(ReadOnlySpan<byte> name)
    {
        var attribute = EventFields.Of(name);
        if (attribute != EventField.Other)
        {
            if ((_seen & (1 << (int)attribute)) != 0) Refuse(Refusal.DuplicateName);
            _seen |= 1 << (int)attribute;
        }
        else if (name.Length is 0 or > LongestName || name.ContainsAnyExcept(NameLetters))
            Refuse(Refusal.AttributeInvalid);
        else if (!(_others ??= new(StringComparer.Ordinal)).Add(Texts.Of(name)))
            Refuse(Refusal.DuplicateName);

        return attribute;
    }

    public readonly UsageReading Finish(KeyValuePair<string, string>[] properties)
    {
        // Without these nobody knows which event it is, so they come first.
        var refusal = !_isCloudEvent ? Refusal.NotACloudEvent
            : _source is null ? Refusal.SourceInvalid
            : _id is null ? Refusal.IdInvalid
            : _refusal ?? Contradiction();
        if (refusal is not null) return new(null, refusal, _source, _id);

        return new(
            new(
                _source!, _id!, _type!, _tenant!.Value, _time, UsageScope.Whole, properties, _sequence,
                _change),
            null, _source, _id);
    }

    private readonly Refusal? Contradiction()
    {
        if (_source == ReservedSource) return Refusal.SourceReserved;
        if (_type is null) return Refusal.TypeInvalid;
        if (_tenant is null) return Refusal.SubjectInvalid;
        if (_change?.OriginalId == _id) return Refusal.ChangesItself;
        if (_time is null && _change is not { IsCancel: true }) return Refusal.TimeMissing;
        return null;
    }

    private bool IsGood(EventField attribute, ReadOnlySpan<byte> value) => attribute switch
    {
        EventField.SpecVersion => _isCloudEvent = value.SequenceEqual("1.0"u8),
        EventField.Id => Texts.TryReadOnce(value, EventId.LongestId, out _id),
        EventField.Source => Texts.TryRead(value, EventId.LongestSource, out _source),
        EventField.Type => Texts.TryRead(value, UsageLimits.LongestType, out _type),
        EventField.Subject => SetTenant(value),
        EventField.Time => SetTime(value),
        EventField.DataContentType => ContentTypes.IsJson(value),
        EventField.Sequence => SetSequence(value),
        EventField.Cancels => SetChange(value, isCancel: true),
        EventField.Amends => SetChange(value, isCancel: false),
        EventField.DataBase64 => false,
        _ => !Texts.HasControl(Texts.Of(value)),
    };

    private bool SetTenant(ReadOnlySpan<byte> value)
    {
        if (!Texts.TryRead(value, TenantId.LongestText, out var text)) return false;

        var isTenant = TenantId.TryRead(text, out var tenant);
        _tenant = isTenant ? tenant : null;
        return isTenant;
    }

    private bool SetTime(ReadOnlySpan<byte> value)
    {
        var isMoment = Moments.TryRead(value, out var moment);
        _time = isMoment ? moment : null;
        return isMoment;
    }

    // Numberings that are no whole numbers are allowed by the extension; they just show no gaps.
    private bool SetSequence(ReadOnlySpan<byte> value)
    {
        _sequence = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < long.MaxValue ? number : null;
        return value.Length is > 0 and <= LongestSequence;
    }

    private bool SetChange(ReadOnlySpan<byte> value, bool isCancel)
    {
        if (_change is not null || !Texts.TryRead(value, EventId.LongestId, out var original)) return false;

        _change = new(original, isCancel);
        return true;
    }
}
