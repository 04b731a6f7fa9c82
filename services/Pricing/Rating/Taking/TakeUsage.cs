using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// Usage becomes ratings: for each meter of an event, and once, what it adds to its period.
/// </summary>
public sealed class TakeUsage(RatingDesk desk) : IFactHandler
{
    private static readonly string Accepted = WireNames.Of(typeof(UsageAcceptedV1));
    private static readonly string Canceled = WireNames.Of(typeof(UsageCanceledV1));

    public string Topic => Topics.Usage;

    /// <summary>The event: a cancel is parked behind the use that it takes back.</summary>
    public string KeyOf(Fact fact)
    {
        var usage = fact.WireName == Canceled ? Cancel(fact).Event : Use(fact).Event;
        return $"{usage.Source} {usage.Id}";
    }

    /// <summary>While the batch before it is written, the next one becomes objects.</summary>
    public object? Read(Fact fact) => fact.WireName == Accepted ? Use(fact)
        : fact.WireName == Canceled ? Cancel(fact)
        : null;

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        var steps = batch.Facts.Select(Step.Of).ToList();
        // Numbers see to it that uses are new. One that is there all the same was told twice, and then
        // everything is looked up.
        var parked = await Rate(steps, areNew: true, batch, cancellation)
            ?? await Rate(steps, areNew: false, batch, cancellation)
            ?? throw new InvalidOperationException("A use that was not there is there.");
        foreach (var (fact, reason) in parked) batch.Park(fact, reason);
    }

    /// <returns>What is for a person; null where a use is not new.</returns>
    private async Task<List<(Fact, string)>?> Rate(
        List<Step> steps, bool areNew, FactBatch batch, CancellationToken cancellation)
    {
        var work = await desk.Begin(batch.Transaction, batch.Now, cancellation);
        await LoadUses(steps, areNew, work, cancellation);
        await LoadTallies(steps, work, cancellation);

        var (rate, parked) = (new RateFacts(work), new List<(Fact, string)>());
        foreach (var step in steps)
        {
            var reason = step switch
            {
                { Use: { } use } => rate.Take(step.Fact, use),
                { Cancel: { } cancel } => rate.TakeBack(step.Fact, cancel),
                _ => $"Usage does not say '{step.Fact.WireName}'.",
            };
            if (reason is not null) parked.Add((step.Fact, reason));
        }

        // Whoever is to look at one should not get what was taken long ago.
        if (areNew && parked.Count > 0) return null;

        return await work.TryWrite(cancellation) ? parked : null;
    }

    private static async Task LoadUses(
        List<Step> steps, bool areNew, RatingWork work, CancellationToken cancellation)
    {
        var canceled = steps.Where(step => step.Cancel is not null || !areNew).Select(step => step.Usage)
            .ToHashSet();
        await work.Uses.Load([.. canceled], cancellation);
        await work.Uses.LoadNew(
            [.. steps.Where(step => step.Use is not null && !canceled.Contains(step.Usage))
                .Select(step => step.Usage).Distinct()],
            cancellation);
    }

    /// <summary>Everything that deciding may ask for.</summary>
    private static async Task LoadTallies(
        List<Step> steps, RatingWork work, CancellationToken cancellation)
    {
        var state = work.Catalog.Newest.State;
        // The same key is mostly the same object.
        var keys = new HashSet<TallyKey>(ReferenceEqualityComparer.Instance);
        foreach (var step in steps)
        {
            if (step.Use is not { } use || !state.Tenants.ContainsKey(use.Tenant)) continue;

            foreach (var measure in use.Measures)
                if (state.Meters.ContainsKey(measure.Meter)
                    && work.KeyOf(use.Tenant, measure.Meter, use.UsedAt) is { } key)
                    keys.Add(key);
        }

        await work.Load(keys, cancellation);
        var canceled = steps.Where(step => step.Cancel is not null)
            .SelectMany(step => work.Uses.Find(step.Usage)).ToList();
        await work.LoadOf(canceled, cancellation);
        await work.Merges.Load(
            canceled.Where(row => row.Standing == UseStanding.Taken)
                .Select(row => RatingIds.Use(row.Use.Event, row.Use.Revision, row.Meter)), cancellation);
    }

    private static UsageAcceptedV1 Use(Fact fact) =>
        fact.Reading as UsageAcceptedV1 ?? fact.Read<UsageAcceptedV1>();

    private static UsageCanceledV1 Cancel(Fact fact) =>
        fact.Reading as UsageCanceledV1 ?? fact.Read<UsageCanceledV1>();

    /// <param name="Usage">The id of the usage fact that it is about.</param>
    private sealed record Step(Fact Fact, Guid Usage, UsageAcceptedV1? Use, UsageCanceledV1? Cancel)
    {
        public static Step Of(Fact fact)
        {
            if (fact.WireName == Accepted) return new(fact, fact.Id.Value, TakeUsage.Use(fact), null);
            if (fact.WireName != Canceled) return new(fact, fact.Id.Value, null, null);

            var cancel = TakeUsage.Cancel(fact);
            return new(fact, UsageIds.Accepted(cancel.Event, cancel.Revision).Value, null, cancel);
        }
    }
}
