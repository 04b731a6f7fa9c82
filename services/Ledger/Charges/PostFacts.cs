using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Charges;

/// <summary>A fact of Pricing on its way: new, or one that has waited.</summary>
/// <param name="Row">Of waiting_facts, where it is from there.</param>
/// <param name="IsAgain">It was refused before, and that is recorded.</param>
/// <param name="Since">When it came, where it has waited.</param>
public sealed record Arrived(
    PricingFact Fact, KeptFact Message, long? Row = null, DateTimeOffset? Since = null, bool IsAgain = false)
{
    public FactId Id => Message.Id;

    public static Arrived Of(KeptFact message) =>
        new(PricingFacts.Of(message.Id, message.Message()), message);

    public static Arrived Of(WaitingFact waiting) => Of(waiting.Fact) with
    {
        Row = waiting.Row,
        Since = waiting.Since,
    };
}

/// <summary>
/// Posts a batch within one transaction: reads what decides, under the locks of its periods; decides; writes
/// slips, guards, and what waits or is suspended; leaves the events to be saved with the commit.
/// </summary>
public static class PostFacts
{
    /// <returns>What became of the facts, and of those that had waited for them.</returns>
    public static async Task<PostedRatings> Apply(
        IReadOnlyList<Arrived> arrived, LedgerWork work, DateTimeOffset now, CancellationToken cancellation)
    {
        var reading = new ReadPosting(work);
        var all = await reading.Begin(arrived, cancellation);
        PricingFact[] facts = [.. all.Select(one => one.Fact).Where(fact => !reading.IsOther(fact))];

        // Where everything from its own period on is closed, the open one behind it has to be held as well.
        PostedRatings posted;
        var keys = reading.OwnPeriods(facts);
        do
        {
            var state = await reading.Hold(keys, facts, cancellation);
            posted = PostRatings.Decide(facts, state, now);
            keys = [.. posted.Slips.Select(slip => slip.Period).Where(key => !state.Guards.ContainsKey(key))];
        }
        while (keys.Count > 0);

        posted = WithOthers(posted, all.Select(one => one.Fact).Where(reading.IsOther), now);
        await Write(all, posted, reading, work, now, cancellation);
        return posted;
    }

    // The same id and not the same content: a defect of whoever made it, which a person has to see.
    private static PostedRatings WithOthers(
        PostedRatings posted, IEnumerable<PricingFact> others, DateTimeOffset now)
    {
        var no = new Decision.Refused(Refusal.KeyReused);
        PricingFact.Rated[] refused = [.. others.OfType<PricingFact.Rated>()];
        return refused.Length == 0
            ? posted
            : posted with
            {
                Suspended =
                [
                    .. posted.Suspended,
                    .. refused.Select(fact => new Kept<Decision.Refused>(fact, no)),
                ],
                Appends =
                [
                    .. posted.Appends,
                    .. refused.Select(fact => Refusing.Charge(
                        fact.Rating.Id, fact.Rating.Tenant, fact.Rating.Amount, fact.Rating.Serves, no,
                        fact.Rating.OriginAt(now))),
                ],
            };
    }

    private static async Task Write(
        List<Arrived> all, PostedRatings posted, ReadPosting reading, LedgerWork work, DateTimeOffset now,
        CancellationToken cancellation)
    {
        var messages = all.DistinctBy(one => one.Id).ToDictionary(one => one.Id);
        await using var batch = new NpgsqlBatch(work.Connection);
        if (posted.Slips.Count > 0) batch.BatchCommands.Add(PeriodGuards.Add(posted.Slips));
        if (posted.Guards.Count > 0)
            batch.BatchCommands.Add(PeriodGuards.Move(posted.Guards, reading.GuardOf));
        foreach (var (fact, why) in posted.Waiting)
            batch.BatchCommands.Add(KeptFacts.Wait(
                fact.Tenant(), messages[fact.Id()].Message, why, reading.CatalogNumber,
                messages[fact.Id()].Since ?? now));
        foreach (var (fact, why) in posted.Suspended)
            batch.BatchCommands.Add(KeptFacts.Suspend(
                fact.Tenant(), messages[fact.Id()].Message, why, now));
        if (all.Exists(one => one.Row is not null))
            batch.BatchCommands.Add(KeptFacts.WaitNoMore(all.Select(one => one.Row).OfType<long>()));
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellation);

        work.Append(
            posted.Appends.Where(append => !reading.IsRecorded(append.Id)),
            fact => messages.GetValueOrDefault(fact)?.Message.Trace);
    }

    public static FactId Id(this PricingFact fact) => fact switch
    {
        PricingFact.Rated rated => rated.Rating.Id,
        PricingFact.Answered answer => answer.Id,
        _ => throw new NotSupportedException($"{fact.GetType().Name} has no id yet."),
    };

    public static TenantId Tenant(this PricingFact fact) => fact switch
    {
        PricingFact.Rated rated => rated.Rating.Tenant,
        PricingFact.Answered answer => answer.Close.Tenant,
        _ => throw new NotSupportedException($"{fact.GetType().Name} has no tenant yet."),
    };
}
