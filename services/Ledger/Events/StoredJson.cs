using System.Text.Json;
using System.Text.Json.Serialization;
using Billing.Contracts;

namespace Billing.Ledger.Events;

/// <summary>
/// How events become JSON in the store and come back: as contracts do, and stricter. A store has one writer,
/// so a name that is not known is not newer but wrong, and is refused instead of passed over.
/// </summary>
public static class StoredJson
{
    public static JsonSerializerOptions Options { get; } = Make(new ChargeJson(Make(null)));

    /// <summary>UTF-8, without blanks, the parts in the order of the golden files.</summary>
    public static byte[] Write(LedgerEvent happened) =>
        JsonSerializer.SerializeToUtf8Bytes(happened, happened.GetType(), Options);

    /// <summary>An event by its stored name, in its present shape or an older one.</summary>
    /// <exception cref="JsonException">Not an event of that name, for whatever reason.</exception>
    public static LedgerEvent Read(string storedName, ReadOnlySpan<byte> json)
    {
        if (Upcasts.All.TryGetValue(storedName, out var older))
            return older.Upcast(ContractsJson.Read(older.Shape, json, Options));
        if (EventNames.All.TryGetValue(storedName, out var shape))
            return (LedgerEvent)ContractsJson.Read(shape, json, Options);

        throw new JsonException($"No event is stored as {storedName}.");
    }

    private static JsonSerializerOptions Make(ChargeJson? charges)
    {
        var options = new JsonSerializerOptions(ContractsJson.Options)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        };
        if (charges is not null) options.Converters.Add(charges);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
