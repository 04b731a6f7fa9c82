using Billing.Contracts;
using Billing.Contracts.Values;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>A numbered fact as it came in (docs/adr/0005).</summary>
/// <param name="Body">The record as JSON, of the kind that <paramref name="WireName"/> names.</param>
/// <param name="Trace">W3C traceparent of the span that caused it, where there is one.</param>
public sealed record Fact(
    string Topic, int Lane, long Number, FactId Id, string WireName, string Key, ReadOnlyMemory<byte> Body,
    string? Trace)
{
    /// <summary>What the handler made of it ahead of its turn.</summary>
    public object? Reading { get; init; }

    /// <exception cref="System.Text.Json.JsonException">Not such a record, for whatever reason.</exception>
    public T Read<T>() where T : class => ContractsJson.Read<T>(Body.Span);
}

/// <summary>A fact that a service has to tell. It gets its number when its transaction ends.</summary>
/// <param name="Id">Derived from the cause.</param>
/// <param name="Key">The tenant's id; on the catalog that of what the fact is about.</param>
/// <param name="Trace">W3C traceparent of the span that caused it, where there is one.</param>
public sealed record OutgoingFact(
    string Topic, int Lane, FactId Id, string WireName, string Key, ReadOnlyMemory<byte> Body,
    string? Trace)
{
    public static OutgoingFact Of(string topic, TenantId tenant, FactId id, object message) => new(
        topic, Lanes.Of(tenant), id, WireNames.Of(message.GetType()), tenant.ToString(),
        ContractsJson.Write(message), System.Diagnostics.Activity.Current?.Id);
}

/// <summary>A fact that is stored for ever, on its way to the broker.</summary>
/// <param name="Previous">The fact before in the lane; null for number 1.</param>
public sealed record NumberedFact(OutgoingFact Fact, long Number, FactId? Previous);

/// <summary>A message of a raw topic, which has no number.</summary>
/// <param name="Headers">In their order; a name may come twice.</param>
/// <param name="At">The broker's time stamp.</param>
public sealed record RawMessage(
    string Topic, int Partition, long Offset, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Body,
    IReadOnlyList<KeyValuePair<string, byte[]>> Headers, DateTimeOffset At)
{
    /// <summary>What the handler made of it ahead of its turn.</summary>
    public object? Reading { get; init; }
}
