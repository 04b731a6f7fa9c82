using System.Reflection;

namespace Billing.Ingestion.Usage;

/// <summary>Why an event is not taken, or not yet. <see cref="All"/> of them are here.</summary>
/// <param name="Code">A stable word in kebab-case.</param>
/// <param name="Detail">A sentence for the producer, without values of the event.</param>
/// <param name="IsUnreadable">Nobody can tell what event it is.</param>
public sealed partial record Refusal(string Code, string Detail, bool IsUnreadable = false)
{
    // Of the bytes.

    public static readonly Refusal Empty = Unreadable("empty", "There is no body.");

    public static readonly Refusal TooLarge = new(
        "too-large", $"An event has at most {UsageLimits.LargestEventBytes} bytes.");

    public static readonly Refusal NotJson = Unreadable("not-json", "The body is not JSON in UTF-8.");

    public static readonly Refusal TooDeepToRead = Unreadable(
        "too-deep", "The JSON is nested more than 64 deep.");

    public static readonly Refusal NotABatch = Unreadable(
        "not-a-batch", $"A batch is a JSON array of 1 to {UsageLimits.MostInBatch} events.");

    public static readonly Refusal TooDeep = new(
        "too-deep", "The data are flat: numbers and texts, nothing inside one another.");

    public static readonly Refusal DuplicateName = new(
        "duplicate-name", "A name comes twice in the same object.");

    public static readonly Refusal NotAnObject = Unreadable("not-an-object", "An event is a JSON object.");

    // Of the envelope.

    public static readonly Refusal NotACloudEvent = Unreadable(
        "not-a-cloud-event", "'specversion' is missing or not \"1.0\".");

    public static readonly Refusal SourceInvalid = Unreadable(
        "source-invalid", "'source' is a text of 1 to 256 characters, without control characters.");

    public static readonly Refusal IdInvalid = Unreadable(
        "id-invalid", "'id' is a text of 1 to 256 characters, without control characters.");

    public static readonly Refusal SourceReserved = new(
        "source-reserved", "The name of this source is kept for the topic quota_exceeded.");

    public static readonly Refusal TypeInvalid = new(
        "type-invalid", "'type' is a text of 1 to 128 characters, without control characters.");

    public static readonly Refusal SubjectInvalid = new(
        "subject-invalid",
        "'subject' is the tenant's id: 1 to 64 letters, digits, and characters of . _ - : @");

    public static readonly Refusal TimeInvalid = new(
        "time-invalid", "'time' is a moment of RFC 3339: 2026-01-31T08:15:30Z.");

    public static readonly Refusal TimeMissing = new(
        "time-missing", "'time', the moment of use, is missing.");

    public static readonly Refusal AttributeInvalid = new(
        "attribute-invalid",
        "An attribute's name has 1 to 64 small letters and digits; its value is a text without control "
        + "characters, true, false, or a whole number.");

    public static readonly Refusal SequenceInvalid = new(
        "sequence-invalid", "'sequence' is a text of 1 to 64 characters, or a whole number.");

    public static readonly Refusal DataContentTypeInvalid = new(
        "datacontenttype-invalid", "The data are JSON: 'datacontenttype' is application/json or not there.");

    /// <summary>Every one.</summary>
    public static IReadOnlyList<Refusal> All =>
    [
        .. typeof(Refusal).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(known => known.FieldType == typeof(Refusal))
            .Select(known => (Refusal)known.GetValue(null)!),
    ];

    private static Refusal Unreadable(string code, string detail) => new(code, detail, IsUnreadable: true);
}
