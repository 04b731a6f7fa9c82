using System.Globalization;
using System.Security.Cryptography;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Catalog;

/// <summary>Where requests about the catalog are carried out.</summary>
public sealed class CatalogDesk(
    ChangeCatalog change, StoredCatalog stored, ServiceDatabase database, TimeProvider time, NewId newId)
{
    private KnownCatalog? _before;

    public DateTimeOffset Time => time.GetUtcNow();

    /// <summary>As new as the last commit before the call.</summary>
    public Task<KnownCatalog> Now(CancellationToken cancellation) =>
        database.AsStaff((connection, _) => stored.Read(connection, cancellation), cancellation);

    /// <summary>As it was at an earlier number. Many ask for the same one, for a moment.</summary>
    public async Task<KnownCatalog> At(long number, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _before) is { } known && known.Number == number) return known;

        known = await database.AsStaff(
            (connection, _) => StoredCatalog.At(connection, number, cancellation), cancellation);
        Volatile.Write(ref _before, known);
        return known;
    }

    /// <param name="reason">Why the caller wants it.</param>
    /// <param name="answer">Of the catalog with the change in it.</param>
    public Task<Results<Ok<T>, ProblemHttpResult>> Change<T>(
        HttpContext context, string reason, Func<ChangeAsked, Author, CatalogDecision> decide,
        Func<CatalogState, T> answer) =>
        Change(context, reason, (asked, author, _) => Task.FromResult(decide(asked, author)), answer, null);

    /// <param name="lane">See <see cref="CatalogWish"/>.</param>
    public async Task<Results<Ok<T>, ProblemHttpResult>> Change<T>(
        HttpContext context, string reason,
        Func<ChangeAsked, Author, CancellationToken, Task<CatalogDecision>> decide,
        Func<CatalogState, T> answer, TenantId? lane)
    {
        var author = new Author(Caller.Of(context.User).Subject, reason.Trim());
        var wish = new CatalogWish(
            await WishOf(context), (asked, cancellation) => decide(asked, author, cancellation), lane);
        return await change.Apply(wish, context.RequestAborted) switch
        {
            CatalogChange.Refused refused => Refuse(refused.Refusals),
            CatalogChange.Done done => TypedResults.Ok(answer(done.Catalog.State)),
            _ => throw new InvalidOperationException("There is no third outcome."),
        };
    }

    /// <summary>All reasons at once, each with the field that it is about.</summary>
    public static ProblemHttpResult Refuse(IReadOnlyList<Refusal> refusals) => Problems.Refuse(
        ProblemTypes.Unprocessable,
        refusals.Count == 1
            ? refusals[0].Message
            : string.Create(CultureInfo.InvariantCulture, $"{refusals.Count} things are wrong."),
        [new("errors", refusals)]);

    public static ProblemHttpResult NotFound(string what) =>
        Problems.Refuse(ProblemTypes.NotFound, $"There is no such {what}.");

    /// <summary>
    /// The same request under the same Idempotency-Key of the same caller is the same wish for ever, also
    /// when the stored answer is gone. Without a key each request is one of its own.
    /// </summary>
    public async Task<Guid> WishOf(HttpContext context)
    {
        var key = context.Request.Headers[IdempotencyKey.Header];
        if (key.Count == 0) return newId();

        var body = context.Request.Body; // kept in memory by what looks after the key, and bound before
        body.Position = 0;
        return DerivedId.From(
            "catalog-wish", Caller.Of(context.User).Subject, context.Request.Method,
            context.Request.GetEncodedPathAndQuery(), key[0]!,
            Convert.ToHexString(await SHA256.HashDataAsync(body, context.RequestAborted)));
    }
}
