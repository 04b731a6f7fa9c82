using Billing.Contracts;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// Points at a use that waits for a price: the body of a row of <c>waiting_facts</c>, and of the request to
/// rate it. All that is known of it is in <c>uses</c>.
/// </summary>
public sealed record UnpricedUse(Guid Usage, MeterId Meter)
{
    /// <summary>As <c>waiting_facts</c> calls it.</summary>
    public const string Kind = "unpriced";

    public static UnpricedUse Of(UseRow row) => new(row.Usage, row.Meter);

    public static UnpricedUse Read(ReadOnlyMemory<byte> body) => ContractsJson.Read<UnpricedUse>(body.Span);

    public byte[] Write() => ContractsJson.Write(this);
}
