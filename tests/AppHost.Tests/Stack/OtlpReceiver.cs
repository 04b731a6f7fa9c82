using System.Collections.Concurrent;
using System.Net;
using Billing.LocalTools;
using Google.Protobuf;

namespace Billing.AppHost.Tests.Stack;

/// <summary>A span as it came in, with the service that sent it.</summary>
internal sealed record ReceivedSpan(string Service, string TraceId, string Name);

/// <summary>Takes OTLP over HTTP (protobuf) and keeps the spans.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private const int Resource = 1, ScopeSpans = 2, Spans = 2, Attributes = 1, Key = 1, Value = 2, Text = 1;
    private const int TraceId = 1, Name = 5;

    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<ReceivedSpan> spans = [];

    public OtlpReceiver()
    {
        Address = $"http://127.0.0.1:{FreePort.Find()}";
        listener.Prefixes.Add($"{Address}/");
        listener.Start();
        _ = Receive();
    }

    public string Address { get; }

    public IReadOnlyCollection<ReceivedSpan> Received => spans;

    public void Dispose() => listener.Close();

    private async Task Receive()
    {
        try
        {
            while (listener.IsListening)
            {
                var request = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await request.Request.InputStream.CopyToAsync(body);
                if (request.Request.Url!.AbsolutePath == "/v1/traces") Keep(body.ToArray());
                request.Response.ContentType = "application/x-protobuf";
                request.Response.Close();
            }
        }
        catch (Exception over) when (over is HttpListenerException or ObjectDisposedException)
        {
            // Closed: the test is over.
        }
    }

    private void Keep(byte[] export)
    {
        foreach (var resourceSpans in Messages(export, 1))
        {
            var service = Messages(resourceSpans, Resource)
                .SelectMany(resource => Messages(resource, Attributes))
                .Where(attribute => String(attribute, Key) == "service.name")
                .Select(attribute => String(Messages(attribute, Value).Single(), Text)).FirstOrDefault("");
            foreach (var scope in Messages(resourceSpans, ScopeSpans))
                foreach (var span in Messages(scope, Spans))
                    spans.Enqueue(new(
                        service, Convert.ToHexString(Messages(span, TraceId).Single()), String(span, Name)));
        }
    }

    private static string String(byte[] message, int field) =>
        System.Text.Encoding.UTF8.GetString(Messages(message, field).FirstOrDefault() ?? []);

    /// <summary>The length-delimited values of one field.</summary>
    private static List<byte[]> Messages(byte[] message, int field)
    {
        var found = new List<byte[]>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field
                && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                found.Add(input.ReadBytes().ToByteArray());
            else
                input.SkipLastField();
        }

        return found;
    }
}
