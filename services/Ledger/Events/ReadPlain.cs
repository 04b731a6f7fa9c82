using System.Buffers;
using System.Text;
using System.Text.Json;
using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// Values of JSON as we write them. Each is read once: false where it is there already, or looks otherwise.
/// </summary>
internal static class ReadPlain
{
    /// <summary>At the name of a part.</summary>
    public static bool Is(ref Utf8JsonReader json, JsonEncodedText name) =>
        json.ValueTextEquals(name.EncodedUtf8Bytes);

    /// <summary>An object comes next.</summary>
    public static bool Object(ref Utf8JsonReader json) =>
        json.Read() && json.TokenType == JsonTokenType.StartObject;

    public static bool Value<T>(ref Utf8JsonReader json, ref T? value) where T : struct, IText<T>
    {
        if (value is not null || !json.Read() || !Text<T>(ref json, out var read)) return false;

        value = read;
        return true;
    }

    public static bool Word(ref Utf8JsonReader json, ref string? word)
    {
        if (word is not null || !json.Read() || json.TokenType != JsonTokenType.String) return false;

        word = json.GetString();
        return true;
    }

    public static bool Number(ref Utf8JsonReader json, ref int? number)
    {
        if (number is not null || !json.Read() || json.TokenType != JsonTokenType.Number) return false;
        if (!json.TryGetInt32(out var read)) return false;

        number = read;
        return true;
    }

    public static bool Truth(ref Utf8JsonReader json, ref bool? truth)
    {
        if (truth is not null || !json.Read()) return false;
        if (json.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return false;

        truth = json.TokenType == JsonTokenType.True;
        return true;
    }

    public static bool Moment(ref Utf8JsonReader json, ref DateTimeOffset? moment)
    {
        if (moment is not null || !json.Read() || !IsPlainText(ref json)) return false;
        if (!MomentText.TryRead(json.ValueSpan, out var read)) return false;

        moment = read;
        return true;
    }

    /// <summary>At the value.</summary>
    public static bool Text<T>(ref Utf8JsonReader json, out T value) where T : struct, IText<T>
    {
        value = default;
        if (!IsPlainText(ref json) || json.ValueSpan.Length > T.LongestText) return false;

        Span<char> text = stackalloc char[T.LongestText];
        return Ascii.ToUtf16(json.ValueSpan, text, out var length) == OperationStatus.Done
            && T.TryRead(text[..length], out value);
    }

    private static bool IsPlainText(ref Utf8JsonReader json) =>
        json is { TokenType: JsonTokenType.String, ValueIsEscaped: false, HasValueSequence: false };
}
