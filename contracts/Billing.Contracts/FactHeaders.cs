namespace Billing.Contracts;

/// <summary>
/// Kafka headers of a numbered fact (docs/adr/0005). Values are UTF-8 text, numbers in decimal, ids as they
/// are.
/// </summary>
public static class FactHeaders
{
    /// <summary>The wire name of the record in the body.</summary>
    public const string WireName = "billing-wire-name";

    /// <summary>0 … 63; on the catalog always 0.</summary>
    public const string Lane = "billing-lane";

    /// <summary>Counts from 1 without a gap in each topic and lane. A tide has none.</summary>
    public const string Number = "billing-number";

    /// <summary>Made with the owner's store, and again when that is restored or reset.</summary>
    public const string Generation = "billing-generation";

    /// <summary>Derived from the cause, so that a fact made again has the same id.</summary>
    public const string FactId = "billing-fact-id";

    /// <summary>The fact id of the number before in the same lane; empty for number 1.</summary>
    public const string PreviousFactId = "billing-previous-fact-id";

    /// <summary>W3C trace context: the span that caused the fact.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>W3C trace context: what vendors added.</summary>
    public const string TraceState = "tracestate";
}
