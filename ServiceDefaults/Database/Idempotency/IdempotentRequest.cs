using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace Billing.ServiceDefaults.Database.Idempotency;

/// <summary>What tells one request from another.</summary>
/// <param name="Scope">Whose key it is, and for what. Hashed, so that it is short and names nobody.</param>
/// <param name="Hash">Of path, query and body.</param>
internal sealed record IdempotentRequest(string Scope, byte[] Hash)
{
    private const int ReadAtOnceBytes = 16 * 1024;

    /// <summary>Reads the body, which the endpoint then reads again. Null when it is too large.</summary>
    public static async Task<IdempotentRequest?> Read(HttpContext context)
    {
        var body = new MemoryStream();
        var buffer = new byte[ReadAtOnceBytes];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            if (body.Length + read > IdempotencyKey.LargestRequestBytes) return null;
            body.Write(buffer, 0, read);
        }

        body.Position = 0;
        context.Request.Body = body;

        return new(ScopeOf(context), HashOf(context.Request, body.ToArray()));
    }

    /// <summary>Null when the header is one key of the wanted length.</summary>
    public static string? WhatIsWrong(StringValues header, IdempotencyKeyMetadata wanted)
    {
        if (header.Count == 0) return $"This request needs the header {IdempotencyKey.Header}.";
        if (header.Count > 1) return $"{IdempotencyKey.Header} was given more than once.";

        var key = header[0]!;
        var isKey = key.Length >= wanted.ShortestKey && key.Length <= IdempotencyKey.LongestKey
            && key.All(letter => letter is >= '!' and <= '~');

        return isKey
            ? null
            : $"{IdempotencyKey.Header} has {wanted.ShortestKey} to {IdempotencyKey.LongestKey} visible "
                + "ASCII characters.";
    }

    private static string ScopeOf(HttpContext context)
    {
        var caller = Caller.Of(context.User);
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;

        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
            (string?[])[caller.Tenant, caller.Subject, context.Request.Method, route])));
    }

    private static byte[] HashOf(HttpRequest request, byte[] body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(UriHelper.GetEncodedPathAndQuery(request)));
        hash.AppendData(body);

        return hash.GetHashAndReset();
    }
}
