namespace Billing.Contracts.Values;

/// <summary>A number, one blank, the code of a currency.</summary>
internal static class Priced
{
    public static bool TryRead(ReadOnlySpan<char> text, out ReadOnlySpan<char> number, out Currency currency)
    {
        number = text.Length > 4 ? text[..^4] : [];
        currency = default;
        return text.Length > 4 && text[^4] == ' ' && Currency.TryRead(text[^3..], out currency);
    }

    public static int Write(int length, Currency currency, Span<char> into)
    {
        into[length++] = ' ';
        return length + currency.Write(into[length..]);
    }
}
