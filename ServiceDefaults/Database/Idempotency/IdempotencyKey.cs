using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults.Database.Idempotency;

/// <summary>
/// An endpoint says with this that it takes an <c>Idempotency-Key</c>; also for its OpenAPI description.
/// </summary>
/// <param name="ShortestKey">In characters.</param>
public sealed record IdempotencyKeyMetadata(int ShortestKey, bool IsRequired);

/// <summary>
/// The same key with the same request (path, query, body) within 24 hours gets the answer that the first one
/// got, and does nothing; with another request, or while the first is at work, it is refused (409). A key
/// belongs to its caller and route. What failed (5xx, 408, 425, 429, an exception) leaves the key free; so
/// does a crash, after the lease. The request is read before it is bound, and the answer is kept before it is
/// sent.
/// </summary>
public static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotent-Replayed";
    public const int LongestKey = 255;
    public const int LargestRequestBytes = 1024 * 1024;

    /// <param name="shortestKey">In characters, 1 … 255.</param>
    /// <param name="required">Without a key: 400 when true; carried out as it is when false.</param>
    public static TBuilder WithIdempotencyKey<TBuilder>(
        this TBuilder builder, int shortestKey = 1, bool required = true)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shortestKey, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shortestKey, LongestKey);
        var wanted = new IdempotencyKeyMetadata(shortestKey, required);
        builder.Finally(endpoint =>
        {
            endpoint.Metadata.Add(wanted);
            var carryOut = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => Invoke(context, wanted, carryOut);
        });

        return builder;
    }

    private static async Task Invoke(
        HttpContext context, IdempotencyKeyMetadata wanted, RequestDelegate carryOut)
    {
        var header = context.Request.Headers[Header];
        if (header.Count == 0 && !wanted.IsRequired)
        {
            await carryOut(context);
            return;
        }

        if (IdempotentRequest.WhatIsWrong(header, wanted) is { } sentence)
        {
            await Problems.Write(context, ProblemTypes.Invalid, sentence);
            return;
        }

        if (await IdempotentRequest.Read(context) is not { } request)
        {
            await Problems.Write(context, ProblemTypes.TooLarge, $"At most {LargestRequestBytes} bytes.");
            return;
        }

        var keys = context.RequestServices.GetRequiredService<IdempotencyKeys>();
        var claim = await keys.Claim(request.Scope, header[0]!, request.Hash, context.RequestAborted);
        await (claim switch
        {
            IdempotencyKeys.Ours ours => CarryOut(context, keys, ours, carryOut),
            IdempotencyKeys.Answered { Answer: var answer } => answer.Send(context),
            IdempotencyKeys.AtWork => TryLater(context),
            _ => Problems.Write(context, ProblemTypes.IdempotencyConflict),
        });
    }

    private static async Task CarryOut(
        HttpContext context, IdempotencyKeys keys, IdempotencyKeys.Ours claim, RequestDelegate carryOut)
    {
        var connection = context.Response.Body;
        await using var kept = new KeptBody(connection);
        context.Response.Body = kept;
        try
        {
            await carryOut(context);
            await context.Response.BodyWriter.FlushAsync(CancellationToken.None);
        }
        catch
        {
            await keys.Free(claim);
            throw;
        }
        finally
        {
            context.Response.Body = connection;
        }

        // It has happened, whether or not the caller still listens.
        if (IsFailure(context.Response.StatusCode)) await keys.Free(claim);
        else await keys.Keep(claim, KeptAnswer.Of(context.Response, kept));
        await kept.Send(context.RequestAborted);
    }

    private static Task TryLater(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";

        return Problems.Write(context, ProblemTypes.InProgress);
    }

    private static bool IsFailure(int status) => status >= StatusCodes.Status500InternalServerError
        || status is StatusCodes.Status408RequestTimeout or 425 or StatusCodes.Status429TooManyRequests;
}
