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

    public static IReadOnlyList<ProblemType> All { get; } =
    [
        BadRequest, Invalid, Unauthenticated, Forbidden, NotFound, FeatureDisabled, MethodNotAllowed,
        NotAcceptable, Timeout, Conflict, IdempotencyConflict, InProgress, PreconditionFailed, TooLarge,
        UnsupportedMediaType, Unprocessable, PreconditionRequired, RateLimited, QuotaExceeded,
        HeadersTooLarge, Internal, Unavailable, Overtime,
    ];

    /// <summary>The general type of a status, for answers that the framework gives.</summary>
    public static ProblemType Of(int status) =>
        All.FirstOrDefault(type => type.Status == status) ?? (status >= 500 ? Internal : BadRequest);
}
