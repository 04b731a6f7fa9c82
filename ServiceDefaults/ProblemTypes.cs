namespace Billing.ServiceDefaults;

/// <summary>One kind of refusal that a client can tell apart. Its URN never changes its meaning.</summary>
public sealed record ProblemType(string Slug, int Status, string Title)
{
    public string Urn => $"urn:billing:problem:{Slug}";
}

/// <summary>Every problem type there is. What is not in this list is not answered.</summary>
public static class ProblemTypes
{
    public static readonly ProblemType BadRequest = new("bad-request", 400, "The request is not understood");
    public static readonly ProblemType Invalid = new("invalid", 400, "A value is not allowed");
    public static readonly ProblemType Unauthenticated = new("unauthenticated", 401, "Say who you are");
    public static readonly ProblemType Forbidden = new("forbidden", 403, "You may not do this");
    public static readonly ProblemType NotFound = new("not-found", 404, "There is nothing here");
    public static readonly ProblemType FeatureDisabled = new(
        "feature-disabled", 404, "This feature is switched off");
    public static readonly ProblemType MethodNotAllowed = new(
        "method-not-allowed", 405, "Not with this method");
    public static readonly ProblemType NotAcceptable = new(
        "not-acceptable", 406, "No representation that you accept");
    public static readonly ProblemType Timeout = new("timeout", 408, "The request took too long to arrive");
    public static readonly ProblemType Conflict = new("conflict", 409, "It contradicts what is there");
    public static readonly ProblemType IdempotencyConflict =
        new("idempotency-key-reused", 409, "This Idempotency-Key came with another request before");
    public static readonly ProblemType InProgress =
        new("idempotency-key-in-progress", 409,
            "The first request with this Idempotency-Key is still at work");
    public static readonly ProblemType PreconditionFailed =
        new("precondition-failed", 412, "It has changed since you read it");
    public static readonly ProblemType TooLarge = new("too-large", 413, "The request is too large");
    public static readonly ProblemType UnsupportedMediaType =
        new("unsupported-media-type", 415, "The body's media type is not supported");
    public static readonly ProblemType Unprocessable = new(
        "unprocessable", 422, "Understood, and not possible");
    public static readonly ProblemType PreconditionRequired =
        new("precondition-required", 428, "A header that this request needs is missing");
    public static readonly ProblemType RateLimited = new("rate-limited", 429, "Too many requests");
    public static readonly ProblemType QuotaExceeded = new("quota-exceeded", 429, "The quota is used up");
    public static readonly ProblemType HeadersTooLarge = new(
        "headers-too-large", 431, "The headers are too large");
    public static readonly ProblemType Internal = new("internal", 500, "Something failed on our side");
    public static readonly ProblemType Unavailable = new("unavailable", 503, "Not available at the moment");
    public static readonly ProblemType Overtime = new("overtime", 504, "It took too long on our side");

    /// <summary>Why the ledger does not book what it is asked for.</summary>
    public static IReadOnlyList<ProblemType> OfLedger { get; } =
    [
        new("key-reused", 409, "This Idempotency-Key came with another request before"),
        new("reason-missing", 422, "Say why"),
        new("actor-missing", 422, "Say who you are"),
        new("amount-not-positive", 422, "The amount has to be above zero"),
        new("amount-below-zero", 422, "A charge cannot be set below zero"),
        new("currency-differs", 422, "It is in another currency"),
        new("no-units", 422, "The charge has no units"),
        new("nothing-changes", 422, "It is so already, and nothing would change"),
        new("does-not-add-up", 422, "It does not add up"),
        new("line-id-differs", 422, "A line's id is not derived from what it adds up"),
        new("no-such-line", 422, "There is no line to take it off"),
        new("expiry-passed", 422, "It would expire before it could be used"),
        new("above-what-is-left", 409, "It is more than is left"),
        new("nothing-left", 409, "Nothing is left"),
        new("already-voided", 409, "It is void already"),
        new("taken-back", 409, "The producer has canceled the usage"),
        new("corrected-by-person", 409, "A person has corrected the charge already"),
        new("no-such-correction", 404, "There is no such correction to reverse"),
        new("already-reversed", 409, "The correction is reversed already"),
        new("period-being-invoiced", 409, "The period is closed and its invoice not issued yet"),
        new("period-not-closed", 409, "The period is not closed"),
        new("period-issued", 409, "The period is invoiced"),
        new("close-number-differs", 409, "It is not the close that is next"),
        new("sum-differs", 409, "The lines do not have the sum of the period"),
        new("currency-of-subscription", 422, "The subscription has another currency"),
        new("tenant-of-subscription", 422, "The subscription is another tenant's"),
    ];

    public static IReadOnlyList<ProblemType> All { get; } =
    [
        BadRequest, Invalid, Unauthenticated, Forbidden, NotFound, FeatureDisabled, MethodNotAllowed,
        NotAcceptable, Timeout, Conflict, IdempotencyConflict, InProgress, PreconditionFailed, TooLarge,
        UnsupportedMediaType, Unprocessable, PreconditionRequired, RateLimited, QuotaExceeded,
        HeadersTooLarge, Internal, Unavailable, Overtime, .. OfLedger,
    ];

    /// <summary>The general type of a status, for answers that the framework gives.</summary>
    public static ProblemType Of(int status) =>
        All.FirstOrDefault(type => type.Status == status) ?? (status >= 500 ? Internal : BadRequest);
}
