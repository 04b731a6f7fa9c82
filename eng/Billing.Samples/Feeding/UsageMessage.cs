using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Billing.Samples.Feeding;

/// <summary>A CloudEvent as a platform service puts it on the raw topic: structured, in JSON.</summary>
/// <param name="Tenant">The key of the message; empty where the event names none.</param>
internal sealed record UsageMessage(string Tenant, byte[] Body)
{
    public const string ContentType = "application/cloudevents+json";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="attributes">All but <c>specversion</c>.</param>
    /// <param name="data">Numbers and texts.</param>
    public static UsageMessage Of(
        Dictionary<string, string> attributes, IEnumerable<(string Name, object Value)> data)
    {
        var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body, Plain))
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            foreach (var (name, value) in attributes) json.WriteString(name, value);
            json.WriteStartObject("data");
            foreach (var (name, value) in data)
                if (value is int number) json.WriteNumber(name, number);
                else json.WriteString(name, (string)value);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return new(attributes.GetValueOrDefault("subject", ""), body.ToArray());
    }

    /// <summary>RFC 3339 in UTC, to the microsecond.</summary>
    public static string Spell(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
