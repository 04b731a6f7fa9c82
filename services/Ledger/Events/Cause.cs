using System.Text.Json.Serialization;
using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// What made an event happen: a fact that came in, or a request with its Idempotency-Key. Spelled
/// <c>fact 0b04…</c> or <c>request 7d1c…</c>. All events of one bulk correction have the same cause.
/// </summary>
[JsonConverter(typeof(TextJson<Cause>))]
public readonly record struct Cause : IText<Cause>
{
    /// <summary>In visible ASCII characters, as the header of HTTP allows.</summary>
    public const int LongestKey = 255;

    private const string OfFact = "fact ", OfRequest = "request ";

    private Cause(FactId? fact, string? key) => (Fact, IdempotencyKey) = (fact, key);

    public static int LongestText => OfRequest.Length + LongestKey;

    /// <summary>The fact or event that it follows from; null where somebody asked for it.</summary>
    public FactId? Fact { get; }

    /// <summary>What the request that asked for it was named by; null where a fact caused it.</summary>
    public string? IdempotencyKey { get; }

    public static Cause Of(FactId fact) => new(fact, null);

    /// <exception cref="FormatException">Not 1 to 255 visible ASCII characters.</exception>
    public static Cause Of(string idempotencyKey) => IsKey(idempotencyKey)
        ? new(null, idempotencyKey)
        : throw new FormatException($"An Idempotency-Key has 1 to {LongestKey} visible ASCII characters.");

    public static bool TryRead(ReadOnlySpan<char> text, out Cause value)
    {
        value = default;
        if (text.StartsWith(OfFact) && Text.TryRead<FactId>(text[OfFact.Length..], out var fact))
            value = Of(fact);
        else if (text.StartsWith(OfRequest) && IsKey(text[OfRequest.Length..]))
            value = new(null, text[OfRequest.Length..].ToString());
        return value != default;
    }

    public int Write(Span<char> into)
    {
        if (Fact is { } fact)
        {
            OfFact.CopyTo(into);
            return OfFact.Length + fact.Write(into[OfFact.Length..]);
        }

        var key = IdempotencyKey ?? throw new InvalidOperationException("There is no cause here.");
        OfRequest.CopyTo(into);
        key.CopyTo(into[OfRequest.Length..]);
        return OfRequest.Length + key.Length;
    }

    public override string ToString() => this == default ? "(none)" : Text.Spell(this);

    private static bool IsKey(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= LongestKey && !text.ContainsAnyExceptInRange('!', '~');
}
