using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>Flat text properties in the order of their names, so that equal ones have equal bytes.</summary>
[JsonConverter(typeof(PropertiesJson))]
public sealed class Properties : IEquatable<Properties>
{
    private SortedDictionary<string, string>? sorted;

    /// <exception cref="ArgumentException">A name comes twice.</exception>
    public Properties(IEnumerable<KeyValuePair<string, string>> pairs) => sorted = Sort(pairs);

    private Properties(string plain) => Plain = plain;

    public static Properties None { get; } = new([]);

    public IReadOnlyDictionary<string, string> All => Sorted;

    /// <summary>As they came, where that needs no escapes; most are passed on and never looked at.</summary>
    internal string? Plain { get; }

    private SortedDictionary<string, string> Sorted => sorted ??= Sort(
        JsonSerializer.Deserialize<Dictionary<string, string>>(Plain!)!);

    /// <summary>Null where there is none of that name.</summary>
    public string? Find(string name) => Sorted.GetValueOrDefault(name);

    /// <summary>Their one form in JSON.</summary>
    public string ToJson() => Plain ?? JsonSerializer.Serialize(this, ContractsJson.Options);

    public bool Equals(Properties? other) => other is not null && Sorted.SequenceEqual(other.Sorted);

    public override bool Equals(object? obj) => Equals(obj as Properties);

    public override int GetHashCode() =>
        Sorted.Aggregate(0, (hash, pair) => HashCode.Combine(hash, pair.Key, pair.Value));

    /// <summary>Of their one form in JSON, without escapes and with ascending names.</summary>
    internal static Properties OfPlain(ReadOnlySpan<byte> json) => new(Encoding.ASCII.GetString(json));

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
