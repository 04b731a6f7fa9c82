using System.Text.Json;
using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>
/// Members of an enumeration by their names in kebab-case, in that letter case and no other.
/// </summary>
public sealed class NameJson<T> : JsonConverter<T> where T : struct, Enum
{
    private static readonly Dictionary<string, T> Values = Enum.GetValues<T>().ToDictionary(Name);

    private static readonly Dictionary<T, string> Names =
        Values.ToDictionary(named => named.Value, named => named.Key);

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Values.TryGetValue(reader.GetString()!, out var value)
            ? value
            : throw new JsonException($"One of: {string.Join(", ", Values.Keys)}.");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Names.TryGetValue(value, out var name)
            ? name
            : throw new JsonException($"{value} is no member of {typeof(T).Name}."));

    private static string Name(T value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}

/// <summary>Makes a <see cref="NameJson{T}"/> for each enumeration that a message holds.</summary>
public sealed class NamesJson : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsEnum;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(NameJson<>).MakeGenericType(typeToConvert))!;
}
