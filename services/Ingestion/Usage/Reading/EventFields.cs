namespace Billing.Ingestion.Usage.Reading;

/// <summary>What the envelope of a CloudEvent may say that means something to us.</summary>
public enum EventField
{
    SpecVersion,
    Id,
    Source,
    Type,
    Subject,
    Time,
    DataContentType,

    /// <summary>CloudEvents' extension for the source's own count.</summary>
    Sequence,

    /// <summary>Our extension: the id of the event, of the same source, that is taken back.</summary>
    Cancels,

    /// <summary>Our extension: the id of the event, of the same source, that is replaced.</summary>
    Amends,

    Data,
    DataBase64,

    /// <summary>Any other extension; kept with the original bytes.</summary>
    Other,
}

/// <summary>Attributes by their names.</summary>
public static class EventFields
{
    public static EventField Of(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("specversion"u8)) return EventField.SpecVersion;
        if (name.SequenceEqual("id"u8)) return EventField.Id;
        if (name.SequenceEqual("source"u8)) return EventField.Source;
        if (name.SequenceEqual("type"u8)) return EventField.Type;
        if (name.SequenceEqual("subject"u8)) return EventField.Subject;
        if (name.SequenceEqual("time"u8)) return EventField.Time;
        if (name.SequenceEqual("data"u8)) return EventField.Data;
        if (name.SequenceEqual("datacontenttype"u8)) return EventField.DataContentType;
        if (name.SequenceEqual("sequence"u8)) return EventField.Sequence;
        if (name.SequenceEqual("billingcancels"u8)) return EventField.Cancels;
        if (name.SequenceEqual("billingamends"u8)) return EventField.Amends;
        if (name.SequenceEqual("data_base64"u8)) return EventField.DataBase64;
        return EventField.Other;
    }

    /// <summary>What is wrong where its value is.</summary>
    public static Refusal RefusalOf(EventField attribute) => attribute switch
    {
        EventField.SpecVersion => Refusal.NotACloudEvent,
        EventField.Id => Refusal.IdInvalid,
        EventField.Source => Refusal.SourceInvalid,
        EventField.Type => Refusal.TypeInvalid,
        EventField.Subject => Refusal.SubjectInvalid,
        EventField.Time => Refusal.TimeInvalid,
        EventField.DataContentType => Refusal.DataContentTypeInvalid,
        EventField.Sequence => Refusal.SequenceInvalid,
        EventField.Cancels or EventField.Amends => Refusal.ChangeInvalid,
        EventField.Data => Refusal.DataInvalid,
        EventField.DataBase64 => Refusal.DataIsBytes,
        _ => Refusal.AttributeInvalid,
    };
}
