using System.Text.Json;
using Billing.Contracts;

namespace Billing.Pricing.Catalog;

/// <summary>
/// A catalog file in JSON: an object with <c>meters</c>, <c>plans</c>, <c>prices</c>,
/// <c>tenantAllowances</c> and <c>tenantFees</c>, each a list. Every entry is read by itself, so that one
/// import names everything that is wrong, by line and field.
/// </summary>
public static class CatalogJson
{
    // A name that is not known is a slip of the pen here, where a message may just be newer.
    private static readonly JsonSerializerOptions Strict = new(ContractsJson.Options)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    private static readonly JsonSerializerOptions Indented = new(
        ContractsJson.Options)
    { WriteIndented = true };

    public static FileRead Read(ReadOnlySpan<byte> json)
    {
        var file = new Lists([], [], [], [], []);
        var errors = new List<FileError>();
        try
        {
            ReadFile(json, file, errors);
        }
        catch (JsonException refused)
        {
            errors.Add(new((int)(refused.LineNumber ?? 0) + 1, "", Sentence(refused)));
        }

        return new(
            new(file.Meters, file.Plans, file.Prices)
            {
                TenantAllowances = file.TenantAllowances,
                TenantFees = file.TenantFees,
            }, errors);
    }

    public static byte[] Write(CatalogFile file) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            Meters = file.Meters.Select(meter => meter.Value),
            Plans = file.Plans.Select(plan => plan.Value),
            Prices = file.Prices.Select(price => price.Value),
            TenantAllowances = file.TenantAllowances.Select(row => row.Value),
            TenantFees = file.TenantFees.Select(row => row.Value),
        },
        Indented);

    private static void ReadFile(ReadOnlySpan<byte> json, Lists file, List<FileError> errors)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            errors.Add(new(1, "", "A catalog is an object with meters, plans and prices."));
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (list, line) = (reader.GetString()!, LineOf(json, reader.TokenStartIndex));
            reader.Read();
            if (list is not ("meters" or "plans" or "prices" or "tenantAllowances" or "tenantFees"))
                errors.Add(new(line, list,
                    "A catalog has meters, plans, prices, tenantAllowances and tenantFees, nothing else."));
            else if (reader.TokenType != JsonTokenType.StartArray)
                errors.Add(new(line, list, "This is a list."));
            else
            {
                ReadList(json, ref reader, list, file, errors);
                continue;
            }

            reader.Skip();
        }

        if (reader.BytesConsumed < json.Length) reader.Read(); // something behind the end
    }

    private static void ReadList(
        ReadOnlySpan<byte> json, ref Utf8JsonReader reader, string list, Lists file, List<FileError> errors)
    {
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            var start = (int)reader.TokenStartIndex;
            var place = new Place(LineOf(json, start), $"{list}[{index}]");
            reader.Skip();
            var entry = json[start..(int)reader.BytesConsumed];
            if (list == "meters") Add(file.Meters, entry, place, errors);
            else if (list == "plans") Add(file.Plans, entry, place, errors);
            else if (list == "prices") Add(file.Prices, entry, place, errors);
            else if (list == "tenantFees") Add(file.TenantFees, entry, place, errors);
            else Add(file.TenantAllowances, entry, place, errors);
        }
    }

    private static void Add<T>(
        List<CatalogFile.Placed<T>> into, ReadOnlySpan<byte> entry, Place place, List<FileError> errors)
        where T : class
    {
        try
        {
            var value =
                JsonSerializer.Deserialize<T>(entry, Strict) ?? throw new JsonException("Nothing there.");
            into.Add(new(place.Line, place.Field, value));
        }
        catch (JsonException refused)
        {
            var path = refused.Path is ['$', .. var inner] ? inner : "";
            var line = place.Line + (int)(refused.LineNumber ?? 0);
            errors.Add(new(line, place.Field + path, Sentence(refused)));
        }
        catch (Exception refused)
            when (refused is FormatException or ArgumentException or NotSupportedException)
        {
            errors.Add(new(place.Line, place.Field, refused.Message));
        }
    }

    private static int LineOf(ReadOnlySpan<byte> json, long position) =>
        json[..(int)position].Count((byte)'\n') + 1;

    // The library's own sentence ends with path and line, which stand beside it here.
    private static string Sentence(JsonException refused) =>
        refused.Message.Split(" Path: ")[0].Split(" LineNumber: ")[0];

    private sealed record Place(int Line, string Field);

    private sealed record Lists(
        List<CatalogFile.Placed<CatalogFile.Meter>> Meters,
        List<CatalogFile.Placed<CatalogFile.Plan>> Plans,
        List<CatalogFile.Placed<CatalogFile.Price>> Prices,
        List<CatalogFile.Placed<CatalogFile.TenantAllowance>> TenantAllowances,
        List<CatalogFile.Placed<CatalogFile.TenantFee>> TenantFees);
}
