using System.Text.Json;
using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>Flat text properties in the order of their names, so that equal ones have equal bytes.</summary>
[JsonConverter(typeof(PropertiesJson))]
public sealed class Properties(IEnumerable<KeyValuePair<string, string>> pairs) : IEquatable<Properties>
{
    private readonly SortedDictionary<string, string> sorted = Sort(pairs);

    public static Properties None { get; } = new([]);

    public IReadOnlyDictionary<string, string> All => sorted;

    /// <summary>Null where there is none of that name.</summary>
    public string? Find(string name) => sorted.GetValueOrDefault(name);

    public bool Equals(Properties? other) => other is not null && sorted.SequenceEqual(other.sorted);

    public override bool Equals(object? obj) => Equals(obj as Properties);

    public override int GetHashCode() =>
        sorted.Aggregate(0, (hash, pair) => HashCode.Combine(hash, pair.Key, pair.Value));

    // A name that comes twice is refused by Add.
    private static SortedDictionary<string, string> Sort(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in pairs) sorted.Add(name, value);
        return sorted;
    }
}

/// <summary>An object whose values are all strings.</summary>
public sealed class PropertiesJson : JsonConverter<Properties>
{
    public override Properties Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("Properties are an object.");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                throw new JsonException("A property is a string.");
            if (!pairs.TryAdd(name, reader.GetString()!)) throw new JsonException("A property comes twice.");
        }

        return new(pairs);
    }

    public override void Write(Utf8JsonWriter writer, Properties value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, text) in value.All) writer.WriteString(name, text);
        writer.WriteEndObject();
    }
}
