using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Billing.ServiceDefaults.Database.Paging;
using CsvHelper;

namespace Billing.Ingestion.Import;

/// <summary>
/// What each column of a file is: <c>id</c>, <c>source</c>, <c>type</c>, <c>subject</c> and <c>time</c> are
/// the CloudEvent's, and so are <c>sequence</c>, <c>billingcancels</c> and <c>billingamends</c>, where they
/// are there; every other column is a property of its name. <c>data.</c> before a name says that it is a
/// property as well. An empty field is not there.
/// </summary>
public sealed class CsvColumns
{
    public const int MostColumns = 100;

    private const string PropertyPrefix = "data.";

    private static readonly string[] Required = ["id", "type", "subject", "time"];

    private static readonly string[] Attributes =
        [.. Required, "source", "sequence", "billingcancels", "billingamends"];

    private static readonly JsonWriterOptions _readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string? _source;
    private readonly (string Name, bool IsProperty)[] _columns;

    private CsvColumns(string? source, (string, bool)[] columns) => (_source, _columns) = (source, columns);

    /// <exception cref="RefusedRequestException">The sentence says what is wrong.</exception>
    public static CsvColumns Of(IReadOnlyList<string> header, string? source)
    {
        if (header.Count > MostColumns)
            throw new RefusedRequestException($"The header has more than {MostColumns} columns.");
        if (header.Any(name => name.Length == 0 || name == PropertyPrefix || name.Trim() != name))
            throw new RefusedRequestException("A column has no name, or a name with space around it.");
        if (Required.FirstOrDefault(name => !header.Contains(name)) is { } missing)
            throw new RefusedRequestException($"The header has no column '{missing}'.");
        if (header.Contains("source") == source is not null)
            throw new RefusedRequestException(
                "The source is either a column or a parameter of the request, one of the two.");

        var columns = header.Select(Column).ToArray();
        if (columns.GroupBy(column => column).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new RefusedRequestException($"The column '{twice.Key.Item1}' comes twice.");

        return new(source, columns);
    }

    public CsvLine Read(CsvReader reader)
    {
        if (reader.FieldCount != _columns.Length)
            return new(reader.LineNumber, default, string.Create(
                CultureInfo.InvariantCulture,
                $"It has {reader.FieldCount} fields, the header has {_columns.Length}."));
        if (!Utf8.IsValid(reader.RawRecord)) return new(reader.LineNumber, default, "It is not UTF-8.");

        var json = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(json, _readable)) Write(writer, reader);
        return new(reader.LineNumber, json.WrittenMemory, null);
    }

    private static (string, bool) Column(string name) =>
        name.StartsWith(PropertyPrefix, StringComparison.Ordinal)
            ? (name[PropertyPrefix.Length..], true)
            : (name, !Attributes.Contains(name));

    private void Write(Utf8JsonWriter writer, CsvReader reader)
    {
        writer.WriteStartObject();
        writer.WriteString("specversion", "1.0");
        if (_source is not null) writer.WriteString("source", _source);
        Write(writer, reader, areProperties: false);
        writer.WriteString("datacontenttype", "application/json");
        writer.WriteStartObject("data");
        Write(writer, reader, areProperties: true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void Write(Utf8JsonWriter writer, CsvReader reader, bool areProperties)
    {
        for (var place = 0; place < _columns.Length; place++)
            if (_columns[place].IsProperty == areProperties && !reader.IsEmpty(place))
                writer.WriteString(_columns[place].Name, reader.GetSpan(place));
    }
}
