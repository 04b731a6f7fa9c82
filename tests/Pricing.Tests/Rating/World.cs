using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Rating;
using EventId = Billing.Contracts.Values.EventId;

namespace Billing.Pricing.Tests.Rating;

/// <summary>Something that arrives, in whatever order and however often.</summary>
public abstract record Arrival
{
    /// <summary>Catalog facts keep their own order, as their one lane does.</summary>
    public sealed record Changed(int Number, object Fact) : Arrival;

    public sealed record Used(Use Use) : Arrival;

    public sealed record Canceled(EventId Event, int Revision) : Arrival;

    public sealed record Closed : Arrival;
}

/// <summary>
/// Does what the batch consumer does around the pure functions, with dictionaries for tables: one meter, one
/// subscription, one period.
/// </summary>
internal sealed class World
{
    private readonly MeterSetV1 meter;
    private readonly BillingPeriod period;
    private readonly PeriodTotal total = new();
    private readonly Dictionary<(EventId, int), UseRecord> records = [];
    private readonly Dictionary<(EventId, int), Use> unpriced = [];
    private CatalogState catalog;
    private Terms terms;
    private int taken;

    public World(IEnumerable<object> start, MeterSetV1 meter, BillingPeriod period)
    {
        (this.meter, this.period) = (meter, period);
        catalog = CatalogState.Empty.Evolve(start);
        terms = MakeTerms();
        Tally = Tally.Empty(terms);
        Ratings = Amount.Zero(terms.Currency);
    }

    public Tally Tally { get; private set; }

    /// <summary>The sum of everything that was rated.</summary>
    public Amount Ratings { get; private set; }

    public int Unpriced => unpriced.Count;

    public IReadOnlyList<Use> Taken => [.. records.Values.Where(record => record.State == UseState.Taken).Select(record => record.Use!)];

    /// <summary>After each step the state goes to JSON and back, as a store would do it.</summary>
    public Func<Tally, Tally> Stored { get; init; } = tally => tally;

    public void Take(Arrival arrival)
    {
        switch (arrival)
        {
            case Arrival.Changed changed: Take(changed); break;
            case Arrival.Used used: Take(used.Use); break;
            case Arrival.Canceled canceled: Cancel((canceled.Event, canceled.Revision)); break;
            case Arrival.Closed: Count(AnswerTotal.Decide(terms, Tally, total)); break;
        }

        Ratings.ShouldBe(Tally.Total);
        Tally = Stored(Tally);
    }

    private void Take(Arrival.Changed changed)
    {
        if (changed.Number < taken) return;

        changed.Number.ShouldBe(taken++);
        catalog = catalog.Evolve(changed.Fact);
        terms = MakeTerms();
        Count(RateTerms.Decide(terms, Tally, Taken, total));
        foreach (var (key, use) in unpriced.ToList())
            if (Rate(key, use)) unpriced.Remove(key);
    }

    private void Take(Use use)
    {
        var key = (use.Event, use.Revision);
        if (unpriced.ContainsKey(key)) return;

        switch (UseRecord.WhenUsed(records.GetValueOrDefault(key)))
        {
            case UseStep.Take when !Rate(key, use):
                unpriced.Add(key, use);
                break;
            case UseStep.TakeAndTakeBack:
                Rate(key, use).ShouldBe(records[key].State == UseState.Taken);
                Back(key, use);
                break;
        }
    }

    private void Cancel((EventId, int) key)
    {
        if (unpriced.Remove(key, out var waiting))
        {
            records[key] = new(UseState.TakenBack, waiting);
            return;
        }

        switch (UseRecord.WhenCanceled(records.GetValueOrDefault(key)))
        {
            case UseStep.Wait: records[key] = new(UseState.CancelWaits); break;
            case UseStep.TakeBack: Back(key, records[key].Use!); break;
        }
    }

    private bool Rate((EventId, int) key, Use use)
    {
        var rated = RateUse.Decide(use, terms, Tally, total);
        rated.As.ShouldBeOneOf(RatedAs.Charged, RatedAs.Informational, RatedAs.Unpriced);
        if (rated.As == RatedAs.Unpriced) return false;
        if (rated.As == RatedAs.Informational) rated.Amount.IsZero.ShouldBeTrue();

        Count(rated);
        records[key] = new(UseState.Taken, use);
        return true;
    }

    // A use that has no price and whose cancel came first was never taken.
    private void Back((EventId, int) key, Use use)
    {
        if (records[key].State == UseState.Taken)
            Count(RateCancel.Decide(use, terms, Tally, Taken.Where(other => other != use), total));
        records[key] = new(UseState.TakenBack, use);
    }

    private void Count(Rated rated)
    {
        Ratings += rated.Amount;
        Tally = rated.Tally;
    }

    private Terms MakeTerms() => TermsOf.Subscription(
        catalog.Subscriptions.Values.Single(), meter, period, catalog, static _ => TimeSpan.Zero);
}
