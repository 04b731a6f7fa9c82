using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// Rates facts of usage one after the other, in memory. A fact that a person has to look at leaves nothing
/// behind, for whichever of its meters that is.
/// </summary>
internal sealed class RateFacts(RatingWork work)
{
    private readonly List<(KnownTally? Tally, UseRow Row)> puts = [];
    private readonly List<(FactId Id, object Rating)> ratings = [];

    /// <returns>Null, or why it is for a person.</returns>
    public string? Take(Fact fact, UsageAcceptedV1 usage)
    {
        foreach (var measure in usage.Measures)
            if (Take(fact.Id.Value, usage, measure) is { } reason) return Nothing(reason);

        return Settle(fact.Lane, usage.Tenant, fact.Trace);
    }

    /// <returns>Null, or why it is for a person.</returns>
    public string? TakeBack(Fact fact, UsageCanceledV1 cancel)
    {
        var usage = UsageIds.Accepted(cancel.Event, cancel.Revision).Value;
        var rows = work.Uses.Find(usage);
        if (rows.Count == 0)
            puts.Add((null, new(
                usage, cancel.Tenant, default,
                new(cancel.Event, cancel.Revision, cancel.ReceivedAt, UsageScope.Whole, Quantity.Zero),
                UseStanding.CancelWaits)));

        foreach (var row in rows)
            if (TakeBack(row) is { } reason) return Nothing(reason);

        return Settle(fact.Lane, cancel.Tenant, fact.Trace);
    }

    /// <summary>One that waited for a price.</summary>
    /// <returns>Null, or why it is for a person.</returns>
    public string? TakeAgain(UseRow row, int lane)
    {
        if (row.Standing != UseStanding.Unpriced) return null;

        return Take(row, isCanceled: false) is { } reason ? Nothing(reason) : Settle(lane, row.Tenant, null);
    }

    private string? Take(Guid usage, UsageAcceptedV1 accepted, MeasureV1 measure)
    {
        var record = work.Uses.Find(usage, measure.Meter) ?? work.Uses.Find(usage, default(MeterId));
        var step = UseRecord.WhenUsed(record?.Record);
        if (step == UseStep.None) return null;

        var state = work.Catalog.Newest.State;
        if (!state.Tenants.ContainsKey(accepted.Tenant)) return "The catalog does not know the tenant.";
        if (!state.Meters.ContainsKey(measure.Meter)) return "The catalog does not know the meter.";

        var row = new UseRow(
            usage, accepted.Tenant, measure.Meter, Use.Of(accepted, measure), UseStanding.Unpriced);
        return Take(row, step == UseStep.TakeAndTakeBack);
    }

    private string? Take(UseRow row, bool isCanceled)
    {
        var use = row.Use;
        if (work.KeyOf(row.Tenant, row.Meter, use.UsedAt) is not { } key)
            return Wait(row, isCanceled);

        var known = work.Known(key.Id);
        var rated = RateUse.Decide(use, known.Terms, known.Tally, work.Total);
        if (rated.As == RatedAs.Unpriced) return Wait(row, isCanceled);
        if (Refusal(rated.As) is { } reason) return reason;

        var isTold = rated.As == RatedAs.Charged;
        if (isTold) ratings.Add(RatingFacts.Used(use, known.Terms, rated, work.Total.Sheet));
        var taken = row with { Standing = UseStanding.Taken, IsTold = isTold, Tally = key.Id };
        known = known.With(rated.Tally, use.UsedAt);
        if (isCanceled) return TakeBack(taken, known);

        puts.Add((known, taken));
        return null;
    }

    // What has no price when its cancel is there already never was taken.
    private string? Wait(UseRow row, bool isCanceled)
    {
        puts.Add((null, row with { Standing = isCanceled ? UseStanding.TakenBack : UseStanding.Unpriced }));
        return null;
    }

    private string? TakeBack(UseRow row)
    {
        switch (row.Standing)
        {
            case UseStanding.Unpriced:
                puts.Add((null, row with { Standing = UseStanding.TakenBack }));
                return null;
            case UseStanding.Taken: return TakeBack(row, work.Known(row.Tally!.Value));
            default: return null;
        }
    }

    private string? TakeBack(UseRow row, KnownTally known)
    {
        var others = work.Uses.Taken(known.Key.Id).Where(other => other.Usage != row.Usage)
            .Select(other => other.Use);
        var rated = RateCancel.Decide(row.Use, known.Terms, known.Tally, others, work.Total);
        if (Refusal(rated.As) is { } reason) return reason;

        // It was kept for comparison and became no charge; by other terms since, it has one to take back.
        if (!row.IsTold && !rated.Amount.IsZero) ratings.Add(RatingFacts.Used(
            row.Use, known.Terms, new(RatedAs.Charged, known.Tally, known.Tally.Total, default), new()));
        if (row.IsTold || !rated.Amount.IsZero)
            ratings.Add(RatingFacts.Canceled(row.Use, known.Terms, rated, work.Total.Sheet));

        puts.Add((known with { Tally = rated.Tally }, row with { Standing = UseStanding.TakenBack }));
        return null;
    }

    private static string? Refusal(RatedAs rated) => rated switch
    {
        RatedAs.Refused => "No terms are in force at its time, or it lacks the value that its meter counts.",
        RatedAs.TooLarge => "It comes to more than can be reckoned with exactly.",
        _ => null,
    };

    private string Nothing(string reason)
    {
        puts.Clear();
        ratings.Clear();
        return reason;
    }

    private string? Settle(int lane, TenantId tenant, string? trace)
    {
        foreach (var (tally, row) in puts)
        {
            if (tally is not null) work.Put(tally);
            work.Uses.Put(row);
        }

        foreach (var (id, rating) in ratings) work.Tell(lane, tenant, id, rating, trace);
        puts.Clear();
        ratings.Clear();
        return null;
    }
}
