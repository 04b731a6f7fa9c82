using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Billing.Ingestion.Usage.Reading;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Billing.Ingestion.Usage;

/// <summary>What a request to <see cref="PostEvents"/> brings, in any way that CloudEvents has.</summary>
public static class ReadPost
{
    private const string Prefix = "ce-";

    private const string Help =
        "Send one event as application/cloudevents+json, several as application/cloudevents-batch+json, or "
        + "one with its attributes in ce- headers and its data as application/json.";

    /// <param name="Problem">Where the request is no CloudEvents at all; then there are no arrivals.</param>
    public readonly record struct Posted(IReadOnlyList<Arrival> Arrivals, bool IsBatch, IResult? Problem);

    public static async Task<Posted> Read(HttpContext context)
    {
        var (request, type) = (context.Request, context.Request.ContentType.AsSpan().ToString());
        var isBinary = request.Headers.ContainsKey("ce-specversion");
        var isPlain = ContentTypes.Is(type, ContentTypes.Json);
        if (!isPlain && !ContentTypes.Is(type, ContentTypes.Event)
            && !ContentTypes.Is(type, ContentTypes.Batch))
            return Unsupported();

        var body = await ReadBody(request);
        if (isPlain && isBinary) return One(context, body, ReadBinary(request, type, body), Headers(request));

        var isBatch = isPlain ? Starts(body, '[') : ContentTypes.Is(type, ContentTypes.Batch);
        return isBatch ? Batch(context, body, isPlain) : One(context, body, isPlain);
    }

    /// <summary>For the OpenAPI document: the body is read by hand.</summary>
    public static Task Describe(
        OpenApiOperation operation, OpenApiOperationTransformerContext context,
        CancellationToken cancellation)
    {
        OpenApiMediaType Body(JsonSchemaType kind) => new() { Schema = new OpenApiSchema { Type = kind } };
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Description = Help,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [ContentTypes.Event] = Body(JsonSchemaType.Object),
                [ContentTypes.Batch] = Body(JsonSchemaType.Array),
                [ContentTypes.Json] = Body(JsonSchemaType.Object),
            },
        };
        return Task.CompletedTask;
    }

    private static Posted One(HttpContext context, byte[] body, bool isPlain)
    {
        var reading = ReadCloudEvent.One(body);
        return isPlain && reading.Refusal == Refusal.NotACloudEvent
            ? Unsupported()
            : One(context, body, reading, headers: null);
    }

    private static Posted One(HttpContext context, byte[] body, UsageReading reading, string? headers) =>
        new([Arrival(SentBy(context), body, reading, headers)], IsBatch: false, Problem: null);

    private static Posted Batch(HttpContext context, byte[] body, bool isPlain)
    {
        var readings = new List<UsageReading>();
        // A batch that is none counts as one event that nobody can read.
        if (ReadCloudEvent.Batch(body, readings) is { } refusal)
            return One(context, body, UsageReading.Refused(refusal), headers: null);
        if (isPlain && readings[0].Refusal == Refusal.NotACloudEvent) return Unsupported();

        var (arrivals, sentBy) = (new Arrival[readings.Count], SentBy(context));
        for (var place = 0; place < arrivals.Length; place++)
        {
            var reading = readings[place];
            arrivals[place] = Arrival(sentBy, body.AsMemory(reading.Start, reading.Length), reading, null);
        }

        return new(arrivals, IsBatch: true, Problem: null);
    }

    private static Posted Unsupported() =>
        new([], false, Problems.Refuse(ProblemTypes.UnsupportedMediaType, Help));

    private static Arrival Arrival(
        string sentBy, ReadOnlyMemory<byte> original, UsageReading reading, string? headers) => new()
        {
            Original = original,
            Via = UsageVia.Http,
            Event = reading.Event,
            Refusal = reading.Refusal,
            Source = reading.Source,
            Id = reading.Id,
            Headers = headers,
            SentBy = sentBy,
            Trace = Activity.Current?.Id,
        };

    private static string SentBy(HttpContext context) =>
        Caller.Of(context.User) is var caller ? caller.ApiKey ?? caller.Subject : "";

    private static UsageReading ReadBinary(HttpRequest request, string type, byte[] body) =>
        ReadBinaryEvent.Read(
            from header in request.Headers
            where header.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            from value in header.Value
            select KeyValuePair.Create(
                header.Key[Prefix.Length..].ToLowerInvariant(),
                // HTTP's binding spells what a header cannot hold in percent codes.
                (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(Uri.UnescapeDataString(value ?? ""))),
            Encoding.UTF8.GetBytes(type), body);

    private static string Headers(HttpRequest request) => JsonSerializer.Serialize(
        from header in request.Headers
        where header.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
        from value in header.Value
        let bytes = Encoding.UTF8.GetBytes(value ?? "")
        select new[] { header.Key.ToLowerInvariant(), Convert.ToBase64String(bytes) });

    private static bool Starts(ReadOnlySpan<byte> body, char with)
    {
        var first = body.IndexOfAnyExcept(" \t\r\n"u8);
        return first >= 0 && body[first] == with;
    }

    private static async Task<byte[]> ReadBody(HttpRequest request)
    {
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(request.HttpContext.RequestAborted);
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
