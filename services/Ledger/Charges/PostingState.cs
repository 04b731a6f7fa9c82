using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Charges;

/// <summary>One fact of Pricing: a rating, or the answer that a period has all its usage.</summary>
public abstract record PricingFact
{
    private PricingFact()
    {
    }

    public sealed record Rated(Rating Rating) : PricingFact;

    /// <param name="Id">Of the fact.</param>
    public sealed record Answered(FactId Id, ClosePeriod.Command Close) : PricingFact;
}

/// <summary>What a batch of Pricing's facts is decided by, read under the locks of its periods.</summary>
/// <param name="Subscriptions">Those that the facts name, as far as the catalog has them.</param>
/// <param name="Guards">Of all periods of these subscriptions, or of no subscription, from the first one that
/// the facts or the charges name. What is not there is open.</param>
/// <param name="Booked">All slips together of each period that is answered.</param>
/// <param name="Charges">Those that are canceled, as far as they are posted.</param>
/// <param name="Invoices">Of the issued periods that these charges are booked into.</param>
/// <param name="Known">Facts of the batch that are posted already; the numbers see to it that there are
/// none, except where a batch is sorted out after trouble.</param>
public sealed record PostingState(
    IReadOnlyDictionary<SubscriptionId, Subscription> Subscriptions,
    IReadOnlyDictionary<PeriodKey, PeriodGuard> Guards,
    IReadOnlyDictionary<PeriodKey, Slip> Booked,
    IReadOnlyDictionary<ChargeId, ChargeState> Charges,
    IReadOnlyDictionary<InvoiceId, InvoiceState> Invoices,
    IReadOnlySet<FactId> Known)
{
    public static PostingState Nothing { get; } = new(
        new Dictionary<SubscriptionId, Subscription>(), new Dictionary<PeriodKey, PeriodGuard>(),
        new Dictionary<PeriodKey, Slip>(), new Dictionary<ChargeId, ChargeState>(),
        new Dictionary<InvoiceId, InvoiceState>(), new HashSet<FactId>());
}

/// <summary>What a batch comes to. All of it belongs into one transaction.</summary>
/// <param name="Appends">In the order of the facts.</param>
/// <param name="Slips">One a period; they go before a close of the same batch was added up.</param>
/// <param name="Guards">Those that are another now.</param>
/// <param name="Waiting">Stored with what they wait for, and decided again when it is there.</param>
/// <param name="Suspended">Stored for a person to decide.</param>
/// <param name="Duplicates">Facts that were posted already.</param>
public sealed record PostedRatings(
    IReadOnlyList<Append> Appends,
    IReadOnlyList<Slip> Slips,
    IReadOnlyDictionary<PeriodKey, PeriodGuard> Guards,
    IReadOnlyList<Kept<Decision.Waits>> Waiting,
    IReadOnlyList<Kept<Decision.Refused>> Suspended,
    int Duplicates);

/// <summary>A fact that was not applied, and why.</summary>
public sealed record Kept<TWhy>(PricingFact Fact, TWhy Why) where TWhy : Decision;
