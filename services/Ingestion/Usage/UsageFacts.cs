using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Ingestion.Usage.Reading;
using Billing.ServiceDefaults.UsagePath;
using EventId = Billing.Contracts.Values.EventId;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Writes what Pricing is told, byte for byte as the contracts do, without making their objects for each of
/// some ten thousand events a second.
/// </summary>
public sealed class UsageFacts : IDisposable
{
    private static readonly string AcceptedName = WireNames.Of(typeof(UsageAcceptedV1));

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;

    public UsageFacts() => _json = new(_buffer, Options);

    /// <param name="usage">The content; of an amendment the new one.</param>
    /// <param name="named">The event as it was first sent.</param>
    public OutgoingFact Accepted(
        UsageEvent usage, EventId named, int revision, Judgment judgment, DateTimeOffset receivedAt,
        long catalogNumber, string? trace)
    {
        var tenant = usage.Tenant.ToString();
        _buffer.ResetWrittenCount();
        _json.Reset(_buffer);
        _json.WriteStartObject();
        _json.WriteString("tenant"u8, tenant);
        _json.WriteStartObject("event"u8);
        _json.WriteString("source"u8, named.Source);
        _json.WriteString("id"u8, named.Id);
        _json.WriteEndObject();
        _json.WriteNumber("revision"u8, revision);
        _json.WriteString("type"u8, usage.Type);
        WriteMoment("usedAt"u8, usage.UsedAt!.Value);
        WriteMoment("receivedAt"u8, receivedAt);
        _json.WriteString("scope"u8, usage.Scope == UsageScope.Whole ? "whole"u8 : "over-limit"u8);
        WriteContent(usage, judgment);
        _json.WriteNumber("catalogNumber"u8, catalogNumber);
        _json.WriteEndObject();
        _json.Flush();

        return new(
            Topics.Usage, Lanes.Of(usage.Tenant), UsageIds.Accepted(named, revision), AcceptedName, tenant,
            _buffer.WrittenSpan.ToArray(), trace);
    }

    /// <param name="revision">The one that is taken back.</param>
    public static OutgoingFact Canceled(
        TenantId tenant, EventId named, int revision, EventId canceledBy, DateTimeOffset receivedAt,
        string? trace) =>
        OutgoingFact.Of(
            Topics.Usage, tenant, UsageIds.Canceled(named, revision),
            new UsageCanceledV1(tenant, named, revision, canceledBy, receivedAt)) with
        { Trace = trace };

    public void Dispose() => _json.Dispose();

    private void WriteContent(UsageEvent usage, Judgment judgment)
    {
        _json.WriteStartObject("properties"u8);
        foreach (var (name, value) in usage.Properties) _json.WriteString(name, value);
        _json.WriteEndObject();
        _json.WriteStartArray("measures"u8);
        foreach (var measure in judgment.Measures)
        {
            _json.WriteStartObject();
            _json.WriteString("meter"u8, measure.Meter);
            _json.WriteString("quantity"u8, measure.Quantity);
            if (measure.Distinct is not null) _json.WriteString("distinct"u8, measure.Distinct);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteMoment(ReadOnlySpan<byte> name, DateTimeOffset moment)
    {
        Span<byte> text = stackalloc byte[Moments.LongestText];
        _json.WriteString(name, text[..Moments.Write(moment, text)]);
    }
}
