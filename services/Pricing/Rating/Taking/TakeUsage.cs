using Billing.Contracts;
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
        var usage = fact.WireName == Canceled
            ? fact.Read<UsageCanceledV1>().Event
            : fact.Read<UsageAcceptedV1>().Event;
        return $"{usage.Source} {usage.Id}";
    }

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        var steps = batch.Facts.Select(Step.Of).ToList();
        var work = await desk.Begin(batch.Transaction, batch.Now, cancellation);
        await Load(steps, work, cancellation);

        var rate = new RateFacts(work);
        foreach (var step in steps)
        {
            var reason = step switch
            {
                { Use: { } use } => rate.Take(step.Fact, use),
                { Cancel: { } cancel } => rate.TakeBack(step.Fact, cancel),
                _ => $"Usage does not say '{step.Fact.WireName}'.",
            };
            if (reason is not null) batch.Park(step.Fact, reason);
        }

        await work.Write(cancellation);
    }

    /// <summary>Everything that deciding may ask for.</summary>
    private static async Task Load(List<Step> steps, RatingWork work, CancellationToken cancellation)
    {
        await work.Uses.Load([.. steps.Select(step => step.Usage).Distinct()], cancellation);
        var state = work.Catalog.Newest.State;
        await work.Load(
            steps.Where(step => step.Use is { } use && state.Tenants.ContainsKey(use.Tenant))
                .SelectMany(step => step.Use!.Measures
                    .Where(measure => state.Meters.ContainsKey(measure.Meter))
                    .Select(measure => work.KeyOf(step.Use.Tenant, measure.Meter, step.Use.UsedAt)))
                .OfType<TallyKey>().Distinct(),
            cancellation);
        await work.LoadOf(
            steps.Where(step => step.Cancel is not null).SelectMany(step => work.Uses.Find(step.Usage)),
            cancellation);
    }

    /// <param name="Usage">The id of the usage fact that it is about.</param>
    private sealed record Step(Fact Fact, Guid Usage, UsageAcceptedV1? Use, UsageCanceledV1? Cancel)
    {
        public static Step Of(Fact fact)
        {
            if (fact.WireName == Accepted)
                return new(fact, fact.Id.Value, fact.Read<UsageAcceptedV1>(), null);
            if (fact.WireName != Canceled) return new(fact, fact.Id.Value, null, null);

            var cancel = fact.Read<UsageCanceledV1>();
            return new(fact, UsageIds.Accepted(cancel.Event, cancel.Revision).Value, null, cancel);
        }
    }
}
