using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Closing;
using Billing.Pricing.Merging;
using Billing.Pricing.Schedules;
using Billing.ServiceDefaults.UsagePath.Waiting;

namespace Billing.Pricing.Rating.Taking;

/// <summary>What was left for the owner of a tenant's lane, because nobody else rates.</summary>
public sealed class TakeRequests(RatingDesk desk) : IInboxHandler
{
    public async Task Apply(InboxBatch batch, CancellationToken cancellation)
    {
        foreach (var rows in Runs(batch.Rows))
        {
            var work = await desk.Begin(batch.Transaction, batch.Now, cancellation);
            switch (rows[0].Kind)
            {
                case TermsChanged.Kind:
                    await RateChange.Apply(rows[0], work, cancellation);
                    break;
                case AnswerPeriod.Kind:
                    await AnswerPeriod.Apply(rows[0], work, cancellation);
                    break;
                case RateFees.Kind:
                    await RateFees.Apply(rows[0], work, cancellation);
                    break;
                case TellWindow.Kind:
                    await TellWindow.Apply(rows[0], work, cancellation);
                    break;
                case RateUnpriced.Kind:
                    await RateUnpriced.Apply(rows, work, cancellation);
                    break;
                default:
                    throw new InvalidOperationException($"This version does not know '{rows[0].Kind}'.");
            }

            await work.Write(cancellation);
        }
    }

    // In the order given; what has come to be priced often comes in thousands and is read at once.
    private static IEnumerable<List<InboxRow>> Runs(IReadOnlyList<InboxRow> rows)
    {
        for (var place = 0; place < rows.Count;)
        {
            var run = rows.Skip(place).TakeWhile(
                row => row.Kind == RateUnpriced.Kind && rows[place].Kind == RateUnpriced.Kind).ToList();
            if (run.Count == 0) run.Add(rows[place]);
            place += run.Count;
            yield return run;
        }
    }
}
