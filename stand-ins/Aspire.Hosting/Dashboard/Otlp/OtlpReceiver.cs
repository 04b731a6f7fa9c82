using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dashboard;

/// <summary>Takes OTLP in, as gRPC or as protobuf over HTTP. Every request needs the key.</summary>
internal sealed class OtlpReceiver(TelemetryStore store, string apiKey, TimeProvider time, ILogger logger)
{
    private const string KeyHeader = "x-otlp-api-key";
    private const int GrpcPrefix = 5;

    // https://grpc.github.io/grpc/core/md_doc_statuscodes.html
    private const int Ok = 0, InvalidArgument = 3, ResourceExhausted = 8, Unimplemented = 12, Internal = 13, Unauthenticated = 16;

    private readonly byte[] _apiKey = Hash(apiKey);

    public async Task Grpc(HttpContext http)
    {
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        var (status, message) = await Attempt(http, Signal(http.Request.Path.Value, grpc: true), GrpcMessage);
        var answer = status switch
        {
            StatusCodes.Status200OK => Ok,
            StatusCodes.Status400BadRequest => InvalidArgument,
            StatusCodes.Status401Unauthorized => Unauthenticated,
            StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed
                or StatusCodes.Status415UnsupportedMediaType => Unimplemented,
            StatusCodes.Status413PayloadTooLarge => ResourceExhausted,
            _ => Internal,
        };

        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = "application/grpc";
        if (answer != Ok)
        {
            http.Response.Headers["grpc-status"] = answer.ToString(provider: null);
            http.Response.Headers["grpc-message"] = Uri.EscapeDataString(message);
            return;
        }

        await http.Response.Body.WriteAsync(new byte[GrpcPrefix]); // uncompressed, empty message
        http.Response.AppendTrailer("grpc-status", "0");
    }

    public async Task Protobuf(HttpContext http)
    {
        var (status, message) = await Attempt(http, Signal(http.Request.Path.Value, grpc: false), HttpMessage);
        http.Response.StatusCode = status;
        if (status == StatusCodes.Status200OK)
        {
            http.Response.ContentType = "application/x-protobuf";
            return;
        }

        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(message);
    }

    private async Task<(int Status, string Message)> Attempt(
        HttpContext http, Action<byte[]>? take, Func<HttpContext, Task<byte[]>> read)
    {
        try
        {
            if (!IsKnown(http.Request)) return (401, $"The header {KeyHeader} is missing or wrong.");
            if (take is null) return (404, "There is no such service.");
            if (!HttpMethods.IsPost(http.Request.Method)) return (405, "Export is a POST.");

            take(await read(http));
            return (200, "");
        }
        catch (Refusal refusal)
        {
            return (refusal.Status, refusal.Message);
        }
        catch (BadHttpRequestException refusal)
        {
            return (refusal.StatusCode, refusal.Message);
        }
        catch (Exception malformed) when (malformed is InvalidProtocolBufferException or MalformedOtlp or InvalidDataException)
        {
            return (400, "Malformed request: " + malformed.Message);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or IOException))
        {
            logger.LogError(failure, "Telemetry sent to {Path} could not be taken.", http.Request.Path);
            return (500, "The dashboard failed: its log says why.");
        }
    }

    private Action<byte[]>? Signal(string? path, bool grpc) => path switch
    {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" when grpc => Traces,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" when grpc => Metrics,
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" when grpc => Logs,
        "/v1/traces" when !grpc => Traces,
        "/v1/metrics" when !grpc => Metrics,
        "/v1/logs" when !grpc => Logs,
        _ => null,
    };

    private void Traces(byte[] body) => store.Add(OtlpTraces.Read(body));

    private void Metrics(byte[] body) => store.Add(OtlpMetrics.Read(body, time.GetUtcNow().ToUnixTimeMilliseconds()));

    private void Logs(byte[] body) => store.Add(OtlpLogs.Read(body, time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000));

    private bool IsKnown(HttpRequest request) =>
        request.Headers.TryGetValue(KeyHeader, out var given) && given.Count == 1
        && CryptographicOperations.FixedTimeEquals(Hash(given.ToString()), _apiKey);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private async Task<byte[]> HttpMessage(HttpContext http)
    {
        var type = http.Request.ContentType?.Split(';')[0].Trim();
        if (!string.Equals(type, "application/x-protobuf", StringComparison.OrdinalIgnoreCase))
            throw new Refusal(415, "Send application/x-protobuf.");

        return http.Request.Headers.ContentEncoding.ToString().ToUpperInvariant() switch
        {
            "" or "IDENTITY" => await Body(http, http.Request.Body),
            "GZIP" => await Body(http, Unzipped(http.Request.Body)),
            var other => throw new Refusal(415, $"The content encoding {other} is not supported; gzip is."),
        };
    }

    private async Task<byte[]> GrpcMessage(HttpContext http)
    {
        var framed = await Body(http, http.Request.Body);
        if (framed.Length < GrpcPrefix) throw new Refusal(400, "The gRPC message is shorter than its prefix.");
        var length = BinaryPrimitives.ReadUInt32BigEndian(framed.AsSpan(1));
        if (length != framed.Length - GrpcPrefix) throw new Refusal(400, "The gRPC message is not as long as it says.");

        if (framed[0] == 0) return framed[GrpcPrefix..];
        if (http.Request.Headers["grpc-encoding"] != "gzip") throw new Refusal(415, "Of the gRPC encodings only gzip is supported.");
        return await Body(http, Unzipped(new MemoryStream(framed, GrpcPrefix, framed.Length - GrpcPrefix)));
    }

    private static GZipStream Unzipped(Stream stream) => new(stream, CompressionMode.Decompress);

    private async Task<byte[]> Body(HttpContext http, Stream stream)
    {
        // What is zipped small can be large: the limit holds for both.
        var body = new MemoryStream();
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, http.RequestAborted)) > 0)
        {
            if (body.Length + read > store.Limits.RequestBytes)
                throw new Refusal(413, $"A request has at most {store.Limits.RequestBytes} bytes.");
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private sealed class Refusal(int status, string message) : Exception(message)
    {
        public int Status => status;
    }
}
