namespace Billing.Ledger.Events;

/// <summary>An event with its place in the one order of the ledger.</summary>
/// <param name="Position">Grows, with gaps; what is at or below a readable position never changes.</param>
public sealed record Positioned(long Position, Guid Id, LedgerEvent Event)
{
    public Recorded Recorded => new(Id, Event);
}
