using System.Text.Json;
using System.Text.Json.Serialization;
using Billing.Contracts.Plain;
using Billing.Contracts.Values;

namespace Billing.Contracts;

/// <summary>
/// The one way in which messages become JSON and come back. Strict about what is said (duplicate names,
/// letter case, missing and null values, numbers as strings), lenient about names it does not know: they may
/// be newer.
/// </summary>
public static class ContractsJson
{
    public static JsonSerializerOptions Options { get; } = Make();

    public static byte[] Write(object message) =>
        PlainMessages.Write(message)
        ?? JsonSerializer.SerializeToUtf8Bytes(message, message.GetType(), Options);

    /// <exception cref="JsonException">Not a message of that kind, for whatever reason.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json) where T : class => (T)Read(typeof(T), json);

    /// <exception cref="JsonException">Not a message of that kind, for whatever reason.</exception>
    public static object Read(Type message, ReadOnlySpan<byte> json) =>
        PlainMessages.Read(message, json) ?? Read(message, json, Options);

    /// <summary>The same for records that are kept by stricter rules.</summary>
    /// <param name="options">Made from <see cref="Options"/>.</param>
    /// <exception cref="JsonException">Not a record of that kind, for whatever reason.</exception>
    public static object Read(Type record, ReadOnlySpan<byte> json, JsonSerializerOptions options)
    {
        try
        {
            return JsonSerializer.Deserialize(json, record, options)
                ?? throw new JsonException("Nothing there.");
        }
        catch (Exception refused)
            when (refused is FormatException or ArgumentException or NotSupportedException)
        {
            // A value type refused what it was made from.
            throw new JsonException(refused.Message, refused);
        }
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.General)
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
            AllowOutOfOrderMetadataProperties = true,
            MaxDepth = 16,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        options.Converters.Add(new NamesJson());
        options.Converters.Add(new MomentJson());
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
