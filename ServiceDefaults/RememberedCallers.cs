using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Billing.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Billing.ServiceDefaults;

/// <summary>
/// Who was verified a moment ago, so that a caller's next request costs a hash and not a signature. Found by
/// the SHA-256 of the whole token or key, which is not kept itself: how long a look takes tells at most
/// something about a hash, and nobody can make a token for a hash. What was refused is never here.
/// </summary>
public sealed class RememberedCallers(TimeProvider time)
{
    /// <summary>
    /// And never longer than the ticket says: a token until it expires, an API key as long as its row is
    /// believed. So long, too, a token is good whose key the issuer has just withdrawn.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>With more callers than this all are forgotten, and verified again when they come.</summary>
    public const int Most = 10_000;

    private readonly ConcurrentDictionary<Proof, Known> _known = [];

    public int Count => _known.Count;

    /// <summary>Null: to be verified.</summary>
    public AuthenticationTicket? Find(HttpRequest request) =>
        Proof.Of(request) is { } proof && _known.TryGetValue(proof, out var known)
            && time.GetUtcNow() < known.Until
            ? known.Ticket
            : null;

    /// <summary>What was just verified. Without an end it is not kept.</summary>
    public void Keep(HttpRequest request, AuthenticationTicket ticket)
    {
        var now = time.GetUtcNow();
        if (Proof.Of(request) is not { } proof || ticket.Properties.ExpiresUtc is not { } expires
            || expires <= now)
            return;

        if (_known.Count >= Most) _known.Clear();
        _known[proof] = new(ticket, expires < now + Longest ? expires : now + Longest);
    }

    /// <summary>Somebody may not come in any more.</summary>
    public void Forget() => _known.Clear();

    private sealed record Known(AuthenticationTicket Ticket, DateTimeOffset Until);

    /// <summary>What a request proves itself with, and in which header.</summary>
    private readonly record struct Proof(bool IsAuthorization, UInt128 First, UInt128 Second)
    {
        public static Proof? Of(HttpRequest request)
        {
            var authorization = request.Headers.Authorization;
            var isAuthorization = authorization.Count > 0;
            var values = isAuthorization ? authorization : request.Headers[ApiKeyHeader.Name];
            if (values.Count != 1 || values[0] is not { Length: > 0 } text) return null;

            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan()), hash);
            var halves = MemoryMarshal.Cast<byte, UInt128>(hash);
            return new(isAuthorization, halves[0], halves[1]);
        }
    }
}
