using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Billing.Ingestion.Usage;

/// <summary>
/// The 202 of <see cref="PostEvents"/>, an <see cref="PostEvents.Item"/> or an
/// <see cref="PostEvents.Answer"/>, written by hand and with its length: one write to the network.
/// </summary>
public sealed class WriteVerdicts : IResult
{
    // As for all other answers: they are data, never part of a page.
    private static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly JsonEncodedText VerdictName = JsonEncodedText.Encode("verdict"),
        SourceName = JsonEncodedText.Encode("source"), IdName = JsonEncodedText.Encode("id"),
        RevisionName = JsonEncodedText.Encode("revision"), FirstName = JsonEncodedText.Encode("first"),
        CodeName = JsonEncodedText.Encode("code"), DetailName = JsonEncodedText.Encode("detail"),
        ItemsName = JsonEncodedText.Encode("items");

    private const int UsualItem = 128;

    private readonly ArrayBufferWriter<byte> _body;

    private WriteVerdicts(int items) => _body = new(UsualItem * (items + 1));

    public static WriteVerdicts Of(Arrival arrival, Verdict verdict)
    {
        var answer = new WriteVerdicts(1);
        using var json = new Utf8JsonWriter(answer._body, Options);
        Write(json, arrival, verdict);
        return answer;
    }

    public static WriteVerdicts Of(IReadOnlyList<Arrival> arrivals, IReadOnlyList<Verdict> verdicts)
    {
        var answer = new WriteVerdicts(arrivals.Count);
        using var json = new Utf8JsonWriter(answer._body, Options);
        json.WriteStartObject();
        json.WriteStartArray(ItemsName);
        for (var place = 0; place < arrivals.Count; place++) Write(json, arrivals[place], verdicts[place]);
        json.WriteEndArray();
        json.WriteEndObject();
        return answer;
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = _body.WrittenCount;
        return response.BodyWriter.WriteAsync(_body.WrittenMemory, httpContext.RequestAborted).AsTask();
    }

    private static void Write(Utf8JsonWriter json, Arrival arrival, Verdict verdict)
    {
        json.WriteStartObject();
        json.WriteString(VerdictName, Words<VerdictKind>.Of(verdict.Kind));
        if (arrival.Source is { } source) json.WriteString(SourceName, source);
        if (arrival.Id is { } id) json.WriteString(IdName, id);
        if (verdict.Kind is VerdictKind.Accepted or VerdictKind.Duplicate)
            json.WriteNumber(RevisionName, verdict.Revision);
        if (verdict.First is { } first) json.WriteString(FirstName, Words<UsageState>.Of(first));
        if (verdict.Reason is { } reason)
        {
            json.WriteString(CodeName, reason.Code);
            json.WriteString(DetailName, reason.Detail);
        }

        json.WriteEndObject();
    }

    private static class Words<T> where T : struct, Enum
    {
        private static readonly Dictionary<T, JsonEncodedText> All = Enum.GetValues<T>().ToDictionary(
            word => word, word => JsonEncodedText.Encode(word.ToString().ToLowerInvariant()));

        public static JsonEncodedText Of(T word) => All[word];
    }
}
