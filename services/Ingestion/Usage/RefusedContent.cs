namespace Billing.Ingestion.Usage;

// The data of an event, and what it means to the catalog and to what was taken before.
public sealed partial record Refusal
{
    // Of the data.

    public static readonly Refusal DataInvalid = new(
        "data-invalid", "'data' is a JSON object with numbers and texts.");

    public static readonly Refusal DataIsBytes = new(
        "data-is-bytes", "The data are JSON in 'data', not bytes in 'data_base64'.");

    public static readonly Refusal TooManyProperties = new(
        "too-many-properties", $"The data have at most {UsageLimits.MostProperties} properties.");

    public static readonly Refusal PropertyNameInvalid = new(
        "property-name-invalid",
        "A property's name has 1 to 64 letters, digits, and characters of . _ - : @");

    public static readonly Refusal PropertyTextInvalid = new(
        "property-text-invalid",
        $"A property's text has at most {UsageLimits.LongestText} characters, none of them a control one.");

    public static readonly Refusal PropertyTypeInvalid = new(
        "property-type-invalid", "A property is a number, a text, true or false.");

    public static readonly Refusal NumberInvalid = new(
        "number-invalid",
        "A number has at most 29 digits before and 18 after the point, whatever its exponent makes of it.");

    // Of quota_exceeded.

    public static readonly Refusal EventIdInvalid = Unreadable(
        "event-id-invalid", "'event_id' is a text of 1 to 256 characters, without control characters.");

    public static readonly Refusal TenantIdInvalid = new(
        "tenant-id-invalid",
        "'tenant_id' is the tenant's id: 1 to 64 letters, digits, and characters of . _ - : @");

    public static readonly Refusal TimestampInvalid = new(
        "timestamp-invalid", "'timestamp' is a moment of RFC 3339: 2026-01-31T08:15:30Z.");

    public static readonly Refusal UnitsInvalid = new(
        "units-invalid", "'units_exceeded' is a number, not negative.");

    public static readonly Refusal MetricInvalid = new(
        "metric-invalid", "'metric' is a meter's id: 1 to 64 letters, digits, and characters of . _ - : @");

    // Of time.

    public static readonly Refusal TooOld = new("too-old", "'time' lies too far back.");

    public static readonly Refusal TooFarAhead = new("too-far-ahead", "'time' lies too far ahead.");

    // Of the catalog: the event is taken, and judged again when there is news.

    public static readonly Refusal UnknownTenant = new("unknown-tenant", "The tenant is not known yet.");

    public static readonly Refusal NoMeter = new("no-meter", "No meter takes such an event yet.");

    // Of what the meters say.

    public static readonly Refusal PropertyMissing = new(
        "property-missing", "The property that the meter takes its quantity from is missing.");

    public static readonly Refusal NotANumber = new(
        "not-a-number", "The property that the meter takes its quantity from is not a decimal number.");

    public static readonly Refusal TooManyDecimals = new(
        "too-many-decimals", "A quantity has at most 9 decimals.");

    public static readonly Refusal Negative = new("negative", "The meter takes no negative quantities.");

    public static readonly Refusal WrongUnit = new(
        "wrong-unit", "The property 'unit' names another unit than the meter's.");

    // Of changes.

    public static readonly Refusal ChangeInvalid = new(
        "change-invalid",
        "'billingcancels' or 'billingamends' is the id of the original: one of them, once.");

    public static readonly Refusal ChangesItself = new(
        "changes-itself", "A cancel or amendment has an id of its own.");

    public static readonly Refusal OriginalIsAChange = new(
        "original-is-a-change", "A cancel or amendment points at the event as it was first sent.");

    public static readonly Refusal OtherTenant = new(
        "other-tenant", "The event that it points at belongs to another tenant.");

    public static readonly Refusal AlreadyCanceled = new(
        "already-canceled", "The event that it points at was canceled before.");

    public static readonly Refusal OriginalRejected = new(
        "original-rejected", "The event that it points at was rejected: its id is free to be sent again.");

    // Against what was taken before.

    public static readonly Refusal Conflict = new(
        "conflict", "Another event with the same source and id, but other content, was taken before.");
}
