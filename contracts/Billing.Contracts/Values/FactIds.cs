using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>A numbered fact between services, derived from its cause.</summary>
[JsonConverter(typeof(TextJson<FactId>))]
public readonly record struct FactId(Guid Value) : IText<FactId>
{
    public static int LongestText => Id.LongestUuid;

    public static bool TryRead(ReadOnlySpan<char> text, out FactId value)
    {
        var isRead = Id.TryRead(text, out var id);
        value = new(isRead ? id : default);
        return isRead;
    }

    public int Write(Span<char> into) => Id.Write(Value, into);

    public override string ToString() => Text.Of(this);
}

/// <summary>A charge in the ledger: the fact id of the rating that made it.</summary>
[JsonConverter(typeof(TextJson<ChargeId>))]
public readonly record struct ChargeId(Guid Value) : IText<ChargeId>
{
    public static int LongestText => Id.LongestUuid;

    public static bool TryRead(ReadOnlySpan<char> text, out ChargeId value)
    {
        var isRead = Id.TryRead(text, out var id);
        value = new(isRead ? id : default);
        return isRead;
    }

    public int Write(Span<char> into) => Id.Write(Value, into);

    public override string ToString() => Text.Of(this);
}

/// <summary>One void, credit or adjustment, derived from the request or fact that caused it.</summary>
[JsonConverter(typeof(TextJson<CorrectionId>))]
public readonly record struct CorrectionId(Guid Value) : IText<CorrectionId>
{
    public static int LongestText => Id.LongestUuid;

    public static bool TryRead(ReadOnlySpan<char> text, out CorrectionId value)
    {
        var isRead = Id.TryRead(text, out var id);
        value = new(isRead ? id : default);
        return isRead;
    }

    public int Write(Span<char> into) => Id.Write(Value, into);

    public override string ToString() => Text.Of(this);
}
