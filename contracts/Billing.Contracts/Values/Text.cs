using System.Text.Json;
using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>A value with exactly one spelling, which is its form in JSON, in URLs and in logs.</summary>
public interface IText<TSelf> where TSelf : struct, IText<TSelf>
{
    /// <summary>No spelling is longer, in characters; what is longer is refused before it is read.</summary>
    static abstract int LongestText { get; }

    /// <summary>
    /// False for everything but the one spelling: no blanks, no other letter case, no exponent.
    /// </summary>
    static abstract bool TryRead(ReadOnlySpan<char> text, out TSelf value);

    /// <summary>Writes the spelling and returns its length.</summary>
    /// <exception cref="InvalidOperationException">The value is the empty default, which has no
    /// spelling.</exception>
    int Write(Span<char> into);
}

/// <summary>Reads and writes the spelling of <see cref="IText{TSelf}"/> values.</summary>
public static class Text
{
    /// <exception cref="FormatException">The text is not the spelling of a value.</exception>
    public static T Read<T>(ReadOnlySpan<char> text) where T : struct, IText<T> =>
        text.Length <= T.LongestText && T.TryRead(text, out var value)
            ? value
            : throw new FormatException($"Not the spelling of a {typeof(T).Name}.");

    /// <summary>False where the text is not the spelling of a value.</summary>
    public static bool TryRead<T>(ReadOnlySpan<char> text, out T value) where T : struct, IText<T>
    {
        value = default;
        return text.Length <= T.LongestText && T.TryRead(text, out value);
    }

    /// <exception cref="InvalidOperationException">The value is the empty default.</exception>
    public static string Spell<T>(T value) where T : struct, IText<T>
    {
        Span<char> buffer = stackalloc char[T.LongestText];
        return new string(buffer[..value.Write(buffer)]);
    }

    // For people, who must not meet an exception in a debugger or a log line.
    internal static string Of<T>(T value) where T : struct, IText<T> =>
        EqualityComparer<T>.Default.Equals(value, default) ? "(none)" : Spell(value);
}

/// <summary>The spelling of a value as a JSON string, or as the name of a property.</summary>
public sealed class TextJson<T> : JsonConverter<T> where T : struct, IText<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? ReadText(ref reader)
            : throw new JsonException($"A {typeof(T).Name} is a string.");

    public override T ReadAsPropertyName(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => ReadText(ref reader);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        Span<char> buffer = stackalloc char[T.LongestText];
        writer.WriteStringValue(buffer[..value.Write(buffer)]);
    }

    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        Span<char> buffer = stackalloc char[T.LongestText];
        writer.WritePropertyName(buffer[..value.Write(buffer)]);
    }

    // An escape makes six bytes of one character, so a longer token cannot fit in any case.
    private static T ReadText(ref Utf8JsonReader reader)
    {
        var bytes = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (bytes > 6L * T.LongestText) throw NotOne();

        Span<char> buffer = stackalloc char[6 * T.LongestText];
        var text = buffer[..reader.CopyString(buffer)];
        return Text.TryRead<T>(text, out var value) ? value : throw NotOne();
    }

    // The text itself is left out: it may be somebody's data.
    private static JsonException NotOne() => new($"Not the spelling of a {typeof(T).Name}.");
}
