using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Aspire.Hosting.Dashboard;
using Google.Protobuf;

namespace Billing.StandIns.Tests.Dashboard;

/// <summary>Whatever comes in: the right telemetry is taken, the rest is refused, and nothing falls over.</summary>
public class OtlpRefusalTests
{
    private const string TraceExport = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    private static readonly TelemetryLimits Limits = new() { RequestBytes = 100_000 };
    private static readonly byte[] Valid = Wire.Request("ledger", Wire.Span(Wire.Id(16, 1), Wire.Id(8, 1), "span"));

    private RunningDashboard _dashboard = null!;
    private HttpClient _grpc = null!;

    [SetUp]
    public async Task Start()
    {
        _dashboard = await RunningDashboard.Start(limits: Limits);
        _grpc = new()
        {
            BaseAddress = _dashboard.Addresses.OtlpGrpc,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            DefaultRequestHeaders = { { "x-otlp-api-key", RunningDashboard.ApiKey } },
        };
    }

    [TearDown]
    public async Task Stop()
    {
        _grpc.Dispose();
        await _dashboard.DisposeAsync();
    }

    [Test]
    public async Task http_and_grpc_take_the_same_request()
    {
        (await Http("/v1/traces", Wire.Content(Valid))).ShouldBe(HttpStatusCode.OK);
        (await Grpc(TraceExport, Framed(Valid))).ShouldBe("0");
        (await Kept()).ShouldBe(1);
    }

    [TestCase("wrong")]
    [TestCase(null)]
    public async Task without_the_key_nothing_is_taken(string? key)
    {
        foreach (var client in new[] { _dashboard.Otlp, _grpc })
        {
            client.DefaultRequestHeaders.Remove("x-otlp-api-key");
            if (key is not null) client.DefaultRequestHeaders.Add("x-otlp-api-key", key);
        }

        (await Http("/v1/traces", Wire.Content(Valid))).ShouldBe(HttpStatusCode.Unauthorized);
        (await Http("/v1/elsewhere", Wire.Content(Valid))).ShouldBe(HttpStatusCode.Unauthorized);
        (await Grpc(TraceExport, Framed(Valid))).ShouldBe("16");
        (await Kept()).ShouldBe(0);
    }

    [Test]
    public async Task gzip_is_understood()
    {
        var zipped = Wire.Content(Zip(Valid));
        zipped.Headers.ContentEncoding.Add("gzip");
        (await Http("/v1/traces", zipped)).ShouldBe(HttpStatusCode.OK);
        (await Grpc(TraceExport, Framed(Zip(Valid), isZipped: true), "gzip")).ShouldBe("0");
        (await Kept()).ShouldBe(1);
    }

    [Test]
    public async Task another_encoding_is_not()
    {
        var content = Wire.Content(Valid);
        content.Headers.ContentEncoding.Add("br");
        (await Http("/v1/traces", content)).ShouldBe(HttpStatusCode.UnsupportedMediaType);
        (await Grpc(TraceExport, Framed(Valid, isZipped: true), "deflate")).ShouldBe("12");
        (await Http("/v1/traces", Wire.Content("{}"u8.ToArray(), "application/json"))).ShouldBe(HttpStatusCode.UnsupportedMediaType);
    }

    [Test]
    public async Task what_is_malformed_is_refused()
    {
        byte[][] malformed =
        [
            [0x0a, 0x7f, 0x01],                      // longer than the request
            [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],    // negative length
            [0x0f, 0x00],                            // no such wire type
            [0x0a],                                  // no length at all
            Wire.Message((1, Wire.Message((2, Wire.Message((2, new byte[] { 0x0a, 0x7f, 0x01 })))))),
        ];
        foreach (var body in malformed)
        {
            (await Http("/v1/traces", Wire.Content(body))).ShouldBe(HttpStatusCode.BadRequest, Convert.ToHexString(body));
            (await Grpc(TraceExport, Framed(body))).ShouldBe("3", Convert.ToHexString(body));
        }

        var unzippable = Wire.Content([1, 2, 3]);
        unzippable.Headers.ContentEncoding.Add("gzip");
        (await Http("/v1/traces", unzippable)).ShouldBe(HttpStatusCode.BadRequest);
        (await Grpc(TraceExport, [0, 0, 0, 0, 9, 1])).ShouldBe("3");
        (await Grpc(TraceExport, [0, 0])).ShouldBe("3");
        (await Kept()).ShouldBe(0);
    }

    [Test]
    public async Task what_is_too_large_is_refused_also_when_it_was_zipped_small()
    {
        var large = new byte[Limits.RequestBytes + 1];
        (await Http("/v1/traces", Wire.Content(large))).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await Grpc(TraceExport, Framed(large))).ShouldBe("8");

        var bomb = Wire.Content(Zip(new byte[10_000_000]));
        bomb.Headers.ContentEncoding.Add("gzip");
        (await Http("/v1/traces", bomb)).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await Grpc(TraceExport, Framed(Zip(new byte[10_000_000]), isZipped: true), "gzip")).ShouldBe("8");
    }

    [Test]
    public async Task what_does_not_exist_is_not_found()
    {
        (await Http("/v1/profiles", Wire.Content(Valid))).ShouldBe(HttpStatusCode.NotFound);
        (await Http("/api/resources", Wire.Content(Valid))).ShouldBe(HttpStatusCode.NotFound);
        (await Grpc("/opentelemetry.proto.collector.trace.v1.TraceService/Import", Framed(Valid))).ShouldBe("12");
        using var read = await _dashboard.Otlp.GetAsync(new Uri("/v1/traces", UriKind.Relative));
        read.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Test]
    public void spans_without_ids_are_left_out() => OtlpTraces
        .Read(Wire.Request("ledger", Wire.Span([], Wire.Id(8, 1), "no trace"), Wire.Span(Wire.Id(16, 1), [1, 2], "short")))
        .ShouldBeEmpty();

    [Test]
    public void a_sender_named_after_its_spans_is_their_sender() => OtlpTraces
        .Read(Wire.Message((1, Wire.Message(
            (2, Wire.Message((2, Wire.Span(Wire.Id(16, 1), Wire.Id(8, 1), "span")))), (1, Wire.Resource("ledger"))))))
        .Single().Sender.Service.ShouldBe("ledger");

    [Test]
    public void values_nested_deeper_than_anybody_needs_do_not_end_the_process()
    {
        var value = Wire.Message((1, "bottom"));
        for (var depth = 0; depth < 5_000; depth++) value = Wire.Message((5, Wire.Message((1, value))));
        var log = Wire.Message((5, value), (6, Wire.Message((1, "deep"), (2, value))));

        OtlpLogs.Read(Wire.Request("ledger", log), 0).Single().Message.ShouldStartWith("[[");
    }

    [Test]
    public void long_texts_are_cut_and_many_attributes_dropped()
    {
        var attributes = Enumerable.Range(0, 500).Select(i => (6, (object)Wire.Attribute("key" + i, new string('v', 20_000))));
        var log = Wire.Message([(5, Wire.Message((1, new string('x', 100_000)))), .. attributes]);

        var entry = OtlpLogs.Read(Wire.Request("ledger", log), 0).Single();
        entry.Message.Length.ShouldBeLessThan(20_000);
        entry.Attributes.Length.ShouldBe(OtlpAttributes.MaxAttributes);
        entry.Attributes[0].Value.Length.ShouldBeLessThan(10_000);
    }

    /// <summary>Seeded: each run tries the same bytes.</summary>
    [Test]
    public void no_bytes_at_all_give_anything_but_telemetry_or_a_refusal()
    {
        var random = new Random(20261121);
        var histogram = Wire.Message(
            (1, "duration"),
            (9, Wire.Message((1, Wire.Message((3, 5L), (4, 3L), (5, 1.5), (6, new byte[24]), (7, new byte[16]))), (2, 2))));
        var exponential = Wire.Message(
            (1, "size"),
            (10, Wire.Message((1, Wire.Message((3, 5L), (4, 3L), (6, 7), (8, Wire.Message((1, 3), (2, new byte[] { 1, 2, 3 }))))), (2, 1))));
        byte[][] seeds =
        [
            Valid,
            Wire.Request("ledger", Wire.Log("text"), Wire.Log("more", 17)),
            Wire.Request("ledger", Wire.Sum("events", 3, "a"), histogram, exponential),
        ];
        var store = new TelemetryStore(new(), TimeProvider.System);
        var refused = 0;
        for (var round = 0; round < 30_000; round++)
        {
            var bytes = (byte[])seeds[round % seeds.Length].Clone();
            for (var change = random.Next(1, 6); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                store.Add(OtlpTraces.Read(bytes));
                store.Add(OtlpLogs.Read(bytes, 1));
                store.Add(OtlpMetrics.Read(bytes, 1));
            }
            catch (Exception refusal) when (refusal is InvalidProtocolBufferException or MalformedOtlp)
            {
                refused++;
            }
        }

        foreach (var (name, _, _) in store.Metrics.Names())
            MetricCharts.Draw(store.Metrics.Find(name)!, 0, long.MaxValue / 2, 2_000, null).Sets.ShouldNotBeNull();
        refused.ShouldBeInRange(1_000, 29_999);
    }

    private async Task<HttpStatusCode> Http(string path, HttpContent content)
    {
        using var answer = await _dashboard.Otlp.PostAsync(new Uri(path, UriKind.Relative), content);
        return answer.StatusCode;
    }

    private async Task<string?> Grpc(string path, byte[] body, string? encoding = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (encoding is not null) request.Headers.Add("grpc-encoding", encoding);
        using var answer = await _grpc.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        await answer.Content.ReadAsByteArrayAsync();
        return answer.TrailingHeaders.TryGetValues("grpc-status", out var status)
            || answer.Headers.TryGetValues("grpc-status", out status)
            ? status.Single()
            : null;
    }

    private async Task<int> Kept() => (await _dashboard.Get("/api/traces")).GetProperty("traces").GetArrayLength();

    private static byte[] Framed(byte[] message, bool isZipped = false) =>
        [isZipped ? (byte)1 : (byte)0, .. BitConverter.GetBytes(message.Length).Reverse(), .. message];

    private static byte[] Zip(byte[] bytes)
    {
        var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Optimal)) zip.Write(bytes);
        return zipped.ToArray();
    }
}
