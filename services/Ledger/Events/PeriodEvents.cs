using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

// Stream <tenant>/period/<subscription>/<currency>/<period start>.
// Stored for ever. Change a shape by adding a record; never edit one that has shipped.

/// <summary>A period takes no more entries.</summary>
/// <param name="CloseNumber">1 for the first close, one more after each reopening.</param>
/// <param name="Entries">How many entries are booked into the period.</param>
/// <param name="Sum">Their exact sum.</param>
/// <param name="Parked">Facts that wait for a person.</param>
/// <param name="Unpriced">Facts that wait for a price.</param>
/// <param name="First">The event id of the first entry; null where there is none.</param>
/// <param name="Last">The event id of the last entry.</param>
/// <param name="Shortfall">What was not read by the deadline.</param>
public sealed record PeriodClosed(
    TenantId Tenant,
    Booking Booking,
    int CloseNumber,
    long Entries,
    Amount Sum,
    long Parked,
    long Unpriced,
    Origin Origin,
    Guid? First = null,
    Guid? Last = null,
    string? Shortfall = null) : LedgerEvent(Tenant, Origin);

/// <summary>A closed period, not yet issued, takes entries again.</summary>
/// <param name="CloseNumber">The close that is undone.</param>
public sealed record PeriodReopened(
    TenantId Tenant, Booking Booking, Currency Currency, int CloseNumber, Origin Origin)
    : LedgerEvent(Tenant, Origin);
