using System.Buffers;
using System.Text.Json;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>The flat object of an event's data: names with numbers, texts, true and false.</summary>
public static class PropertyReader
{
    private const int LongestName = 64;

    private static readonly SearchValues<char> NameLetters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@");

    private static readonly Comparison<KeyValuePair<string, string>> ByName =
        (left, right) => string.CompareOrdinal(left.Key, right.Key);

    /// <summary>From the object's beginning to its end, whatever is wrong with it.</summary>
    /// <returns>Sorted by name; empty where something is wrong.</returns>
    public static KeyValuePair<string, string>[] Read(ref Utf8JsonReader reader, out Refusal? refusal)
    {
        refusal = null;
        var pairs = ArrayPool<KeyValuePair<string, string>>.Shared.Rent(UsageLimits.MostProperties);
        try
        {
            var count = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isName = TryName(ref reader, out var name);
                reader.Read();
                var problem = TryValue(ref reader, out var value)
                    ?? (isName ? null : Refusal.PropertyNameInvalid);
                if (count == UsageLimits.MostProperties) problem ??= Refusal.TooManyProperties;
                refusal ??= problem;
                if (refusal is null) pairs[count++] = new(name, value);
            }

            var sorted = refusal is null ? Sort(pairs.AsSpan(0, count)) : [];
            if (HasTwice(sorted)) refusal = Refusal.DuplicateName;
            return refusal is null ? sorted : [];
        }
        finally
        {
            ArrayPool<KeyValuePair<string, string>>.Shared.Return(pairs, clearArray: true);
        }
    }

    public static KeyValuePair<string, string>[] Sort(ReadOnlySpan<KeyValuePair<string, string>> pairs)
    {
        var sorted = pairs.ToArray();
        if (sorted.Length > 1) sorted.AsSpan().Sort(ByName);
        return sorted;
    }

    public static bool HasTwice(ReadOnlySpan<KeyValuePair<string, string>> sorted)
    {
        for (var place = 1; place < sorted.Length; place++)
            if (sorted[place - 1].Key == sorted[place].Key) return true;

        return false;
    }

    public static bool IsName(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= LongestName && !text.ContainsAnyExcept(NameLetters);

    private static bool TryName(ref Utf8JsonReader reader, out string name) =>
        JsonTexts.TryRead(ref reader, LongestName, out name) && IsName(name);

    /// <summary>What is wrong with it, or null. What is nested is passed over.</summary>
    public static Refusal? TryValue(ref Utf8JsonReader reader, out string value)
    {
        value = "";
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return JsonTexts.TryRead(ref reader, UsageLimits.LongestText, out value)
                    ? null
                    : Refusal.PropertyTextInvalid;
            case JsonTokenType.Number:
                if (!Numbers.TrySpell(reader.ValueSpan, out var number)) return Refusal.NumberInvalid;
                value = number;
                return null;
            case JsonTokenType.True or JsonTokenType.False:
                value = reader.TokenType == JsonTokenType.True ? "true" : "false";
                return null;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                reader.Skip();
                return Refusal.TooDeep;
            default:
                return Refusal.PropertyTypeInvalid;
        }
    }
}
