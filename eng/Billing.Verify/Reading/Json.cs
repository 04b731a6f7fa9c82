using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Billing.Verify.Recounting;

namespace Billing.Verify.Reading;

/// <summary>A fact as it lies in its owner's store.</summary>
internal sealed record StoredFact(int Lane, long Number, Guid Id, string WireName, JsonElement Body)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{WireName} {Id} (lane {Lane} number {Number})");
}

/// <summary>What is asked of a fact's JSON.</summary>
internal static class Json
{
    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;

    public static string? Find(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetString() : null;

    public static DateTimeOffset Moment(this JsonElement json, string name) => Moment(json.Text(name));

    public static DateTimeOffset? FindMoment(this JsonElement json, string name) =>
        json.Find(name) is { } text ? Moment(text) : null;

    public static Priced Price(this JsonElement json, string name) => Priced.Read(json.Text(name));

    public static Priced? FindPrice(this JsonElement json, string name) =>
        json.Find(name) is { } text ? Priced.Read(text) : null;

    public static BigInteger Quantity(this JsonElement json, string name) => Exact.Quantity(json.Text(name));

    public static IReadOnlyDictionary<string, string> Texts(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var all) && all.ValueKind == JsonValueKind.Object
            ? all.EnumerateObject().ToDictionary(
                pair => pair.Name, pair => pair.Value.GetString()!, StringComparer.Ordinal)
            : new Dictionary<string, string>();

    public static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(
        text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
