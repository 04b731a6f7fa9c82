using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>An invoice, from its draft on.</summary>
[JsonConverter(typeof(TextJson<InvoiceId>))]
public readonly record struct InvoiceId(Guid Value) : IText<InvoiceId>
{
    public static int LongestText => Id.LongestUuid;

    public static bool TryRead(ReadOnlySpan<char> text, out InvoiceId value)
    {
        var isRead = Id.TryRead(text, out var id);
        value = new(isRead ? id : default);
        return isRead;
    }

    public int Write(Span<char> into) => Id.Write(Value, into);

    public override string ToString() => Text.Of(this);
}

/// <summary>A document that takes back a part of an invoice, or all that is left of it.</summary>
[JsonConverter(typeof(TextJson<CreditNoteId>))]
public readonly record struct CreditNoteId(Guid Value) : IText<CreditNoteId>
{
    public static int LongestText => Id.LongestUuid;

    public static bool TryRead(ReadOnlySpan<char> text, out CreditNoteId value)
    {
        var isRead = Id.TryRead(text, out var id);
        value = new(isRead ? id : default);
        return isRead;
    }

    public int Write(Span<char> into) => Id.Write(Value, into);

    public override string ToString() => Text.Of(this);
}

/// <summary>One line of an invoice; entries name the line that they are on.</summary>
[JsonConverter(typeof(TextJson<LineId>))]
public readonly record struct LineId(Guid Value) : IText<LineId>
{
    public static int LongestText => Id.LongestUuid;

    public static bool TryRead(ReadOnlySpan<char> text, out LineId value)
    {
        var isRead = Id.TryRead(text, out var id);
        value = new(isRead ? id : default);
        return isRead;
    }

    public int Write(Span<char> into) => Id.Write(Value, into);

    public override string ToString() => Text.Of(this);
}

/// <summary>Money that arrived or was tried, derived from the id that Stripe gives it.</summary>
[JsonConverter(typeof(TextJson<PaymentId>))]
public readonly record struct PaymentId(Guid Value) : IText<PaymentId>
{
    public static int LongestText => Id.LongestUuid;

    public static bool TryRead(ReadOnlySpan<char> text, out PaymentId value)
    {
        var isRead = Id.TryRead(text, out var id);
        value = new(isRead ? id : default);
        return isRead;
    }

    public int Write(Span<char> into) => Id.Write(Value, into);

    public override string ToString() => Text.Of(this);
}
