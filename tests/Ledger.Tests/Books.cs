using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Tests;

/// <summary>
/// Streams, guards and slips in memory: what a store does with decisions, one after another. Ids are unique over all
/// streams, and every decision is asked twice, to see that the second time records nothing.
/// </summary>
internal sealed class Books
{
    private readonly Dictionary<string, List<Recorded>> streams = [];
    private readonly Dictionary<PeriodKey, PeriodGuard> guards = [];
    private readonly Dictionary<PeriodKey, Slip> slips = [];
    private readonly Dictionary<Guid, Append> byId = [];

    public List<Append> Log { get; } = [];

    public DateTimeOffset Now { get; set; } = Given.Now;

    public IEnumerable<PeriodKey> Periods => slips.Keys.Union(guards.Keys);

    public IEnumerable<T> All<T>() where T : LedgerEvent => Log.Select(append => append.Event).OfType<T>();

    public PeriodGuard Guard(PeriodKey key) => guards.GetValueOrDefault(key) ?? PeriodGuard.New;

    public Slip Slip(PeriodKey key) => slips.TryGetValue(key, out var slip) ? slip : Ledger.Periods.Slip.None(key);

    public IReadOnlyList<Recorded> Stream(StreamId id) => streams.GetValueOrDefault(id.ToString()) ?? [];

    public int Version(StreamId id) => Stream(id).Count;

    /// <summary>Decides, records, and decides again.</summary>
    public Decision Do(Func<Decision> decide)
    {
        var decision = decide();
        if (decision is not Decision.Accepted { Appends: { Count: > 0 } appends }) return decision;

        foreach (var append in appends) Add(append);
        decide().ShouldRecord(0);
        return decision;
    }

    public void Add(Append append)
    {
        byId.TryAdd(append.Id, append).ShouldBeTrue($"{append} has the id of {byId[append.Id]}.");
        append.Event.Tenant.ShouldBe(append.Stream.Tenant);
        Log.Add(append);
        if (!streams.TryGetValue(append.Stream.ToString(), out var stream))
            streams[append.Stream.ToString()] = stream = [];
        stream.Add(append.Recorded);

        if (Ledger.Periods.Slip.Of(append.Id, append.Event) is { } slip)
        {
            Guard(slip.Period).Status.ShouldBe(PeriodStatus.Open, $"{append} is in a period that is not open.");
            slips[slip.Period] = Slip(slip.Period).And(slip);
        }

        if (KeyOf(append.Event) is { } key) guards[key] = Guard(key).Evolve(append.Event);
    }

    public ChargeState? Charge(ChargeId id) => byId.GetValueOrDefault(id.Value)?.Event is ChargePosted posted
        ? Stream(new StreamId.Charge(posted.Tenant, id))
            .Aggregate(ChargeState.Of(id, posted), (state, happened) => state.Evolve(happened))
        : null;

    public InvoiceState? Invoice(TenantId tenant, InvoiceId id)
    {
        var stream = Stream(new StreamId.Invoice(tenant, id));
        if (stream is not [{ Event: InvoiceIssued issued }, ..]) return null;

        var applied = Log.Where(append => append.Event is CreditApplied credit && credit.Invoice == id)
            .Select(append => append.Recorded);
        return stream.Skip(1).Concat(applied)
            .Aggregate(InvoiceState.Of(issued), (state, happened) => state.Evolve(happened));
    }

    public CreditState Credit(TenantId tenant, Currency currency) => Stream(new StreamId.Credit(tenant, currency))
        .Aggregate(CreditState.New, (state, happened) => state.Evolve(happened));

    public Correctable? Correctable(ChargeId id)
    {
        if (Charge(id) is not { } charge) return null;

        var posted = charge.Posted;
        var guard = Guard(posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency));
        return guard.Status == PeriodStatus.Issued
            ? new(charge, guard, FirstOpen(posted), Invoice(posted.Tenant, guard.Invoice!.Value))
            : new(charge, guard);
    }

    public Booking FirstOpen(ChargePosted posted) => BookingPeriod.Choose(
        posted.Tenant, posted.Amount.Currency, posted.Booking, Guard, Subscription.MonthAfter);

    private static PeriodKey? KeyOf(LedgerEvent happened) => happened switch
    {
        PeriodClosed closed => closed.Booking.KeyOf(closed.Tenant, closed.Sum.Currency),
        PeriodReopened reopened => reopened.Booking.KeyOf(reopened.Tenant, reopened.Currency),
        InvoiceIssued issued => issued.Booking.KeyOf(issued.Tenant, issued.Total.Currency),
        _ => null,
    };
}
