using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

// Stream <tenant>/usage/<subscription>/<currency>/<period start>.
// Stored for ever. Change a shape by adding a record; never edit one that has shipped.

/// <summary>A rating became a charge. Its event id is the charge's id.</summary>
/// <param name="Amount">May be zero or below.</param>
/// <param name="Trace">The arithmetic as it was done when the rating was made.</param>
/// <param name="Serves">The period of the service, where that is not the one that it is booked into.</param>
/// <param name="Usage">The usage event behind it, for a charge of a single one.</param>
/// <param name="Merges">The ratings behind it, for a charge that merges many.</param>
public sealed record ChargePosted(
    TenantId Tenant,
    Booking Booking,
    ChargeKind Kind,
    Amount Amount,
    Origin Origin,
    ChargeTrace Trace,
    BillingPeriod? Serves = null,
    MeterId? Meter = null,
    Quantity? Quantity = null,
    UsageRef? Usage = null,
    IReadOnlyList<FactId>? Merges = null) : LedgerEvent(Tenant, Origin)
{
    /// <summary>The period of the service.</summary>
    public BillingPeriod Served() => Serves ?? Booking.Period;
}

public enum ChargeKind
{
    Use,
    Fee,
    Proration,
    TrueUp,
    Change,
    Merged,
}

/// <summary>The producer's names for a usage event, and which form of it.</summary>
public sealed record UsageRef(string Source, string Id, int Revision);

/// <summary>The arithmetic of a rating, to be read and never derived again.</summary>
public sealed record ChargeTrace(
    IReadOnlyList<ChargeStep> Steps,
    PriceRuleId? Rule = null,
    int? RuleVersion = null,
    string? Level = null,
    Amount? Before = null,
    Amount? After = null);

/// <summary>One line of the arithmetic.</summary>
/// <param name="Rounded">True where it ended at 12 decimals, half-even; else left out.</param>
public sealed record ChargeStep(
    string What, Amount Amount, Quantity? Units = null, UnitPrice? Price = null, bool? Rounded = null);
