using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Charges;

/// <summary>
/// Turns a batch of Pricing's facts, in their order, into events. Late usage goes to the first open period
/// and keeps its period of service; nothing is dropped: what cannot be posted waits, or goes to a person with
/// the reason.
/// </summary>
public static class PostRatings
{
    public static PostedRatings Decide(
        IReadOnlyList<PricingFact> facts, PostingState state, DateTimeOffset now)
    {
        var batch = new Batch(facts, state, now);
        foreach (var fact in facts) batch.Take(fact);
        return batch.Result();
    }

    // The only moving part: what earlier facts of the batch have changed for the later ones.
    private sealed class Batch(IReadOnlyList<PricingFact> facts, PostingState state, DateTimeOffset now)
    {
        private readonly PeriodBook _periods = new(state);
        private readonly List<Append> _appends = new(facts.Count);
        private readonly HashSet<FactId> _seen = new(facts.Count);
        private readonly Dictionary<ChargeId, ChargeState> _charges = [];
        private readonly Dictionary<InvoiceId, InvoiceState> _invoices = new(state.Invoices);
        private readonly HashSet<ChargeId> _canceled = [.. Canceled(facts)];
        private readonly List<Kept<Decision.Waits>> _waiting = [];
        private readonly List<Kept<Decision.Refused>> _suspended = [];
        private int _duplicates;

        public void Take(PricingFact fact)
        {
            var id = fact is PricingFact.Rated rated ? rated.Rating.Id : ((PricingFact.Answered)fact).Id;
            if (!_seen.Add(id) || state.Known.Contains(id))
            {
                _duplicates++;
                return;
            }

            switch (Answer(fact))
            {
                case Decision.Accepted accepted: foreach (var append in accepted.Appends) Add(append); break;
                case Decision.Waits waits: _waiting.Add(new(fact, waits)); break;
                case Decision.Refused refused: Suspend(fact, refused); break;
            }
        }

        public PostedRatings Result() =>
            new(_appends, _periods.Slips, _periods.Changed, _waiting, _suspended, _duplicates);

        private Decision Answer(PricingFact fact) => fact switch
        {
            PricingFact.Answered answer => Close(answer.Close),
            PricingFact.Rated { Rating: { Cancels: { } charge } rating } => TakeBack(rating, charge),
            PricingFact.Rated rated => Post(rated.Rating),
            _ => throw new NotSupportedException($"{fact.GetType().Name} is not posted yet."),
        };

        private Decision Post(Rating rating)
        {
            var (place, no) = _periods.Of(rating);
            if (place is null) return no!;

            return Decision.Record(new Append(place.Stream, rating.Id.Value, new ChargePosted(
                rating.Tenant, place.Booking, rating.Kind, rating.Amount, rating.OriginAt(now),
                Traces.Of(rating.Trace), rating.Serves == place.Booking.Period ? null : rating.Serves,
                rating.Meter, rating.Quantity, rating.Usage, rating.Merges)));
        }

        private Decision TakeBack(Rating rating, ChargeId id)
        {
            if (Find(id) is not { } charge) return Decision.WaitFor(Missing.Charge, Text.Spell(id));
            if (IsUnknown(charge.Posted.Booking.Subscription, out var name))
                return Decision.WaitFor(Missing.Subscription, name);

            var guard = _periods.GuardOf(charge.Posted);
            var booking = _periods.OpenFor(charge.Posted);
            var invoice = guard.Invoice is { } issued ? _invoices.GetValueOrDefault(issued) : null;
            return TakeBackCharge.Decide(
                new(
                    rating.Tenant, id, rating.Id, rating.Amount, booking, Traces.Of(rating.Trace),
                    new(Rating.RatedBy, Cause.Of(rating.Id)), rating.Quantity),
                new Correctable(charge, guard, booking, invoice), now);
        }

        private Decision Close(ClosePeriod.Command close)
        {
            if (IsUnknown(close.Booking.Subscription, out var name))
                return Decision.WaitFor(Missing.Subscription, name);

            return ClosePeriod.Decide(close, _periods.Guard(close.Key), _periods.BookedIn(close.Key), now);
        }

        private bool IsUnknown(SubscriptionId? subscription, out string name)
        {
            name = subscription is { } named ? Text.Spell(named) : "";
            return subscription is { } id && !state.Subscriptions.ContainsKey(id);
        }

        private ChargeState? Find(ChargeId id) =>
            _charges.GetValueOrDefault(id) ?? state.Charges.GetValueOrDefault(id);

        private void Add(Append append)
        {
            _appends.Add(append);
            _periods.Add(append);
            if (append.Event is ChargeMoved moved)
                _charges[moved.Of.Charge] = Find(moved.Of.Charge)!.Evolve(append.Recorded);
            else if (append.Event is ChargePosted posted && _canceled.Contains(new(append.Id)))
                _charges[new(append.Id)] = ChargeState.Of(new(append.Id), posted);
            else if (append.Event is LineCorrected mark)
                _invoices[mark.Invoice] = _invoices[mark.Invoice].Evolve(append.Recorded);
        }

        private void Suspend(PricingFact fact, Decision.Refused no)
        {
            _suspended.Add(new(fact, no));
            _appends.Add(fact switch
            {
                PricingFact.Rated { Rating: var rating } => Refusing.Charge(
                    rating.Id, rating.Tenant, rating.Amount, rating.Serves, no, rating.OriginAt(now)),
                PricingFact.Answered answer => Refusing.Ask(
                    answer.Close.Tenant, answer.Id, no, answer.Close.Request, now),
                _ => throw new NotSupportedException($"{fact.GetType().Name} is not refused yet."),
            });
        }

        private static IEnumerable<ChargeId> Canceled(IReadOnlyList<PricingFact> facts) =>
            facts.OfType<PricingFact.Rated>().Select(rated => rated.Rating.Cancels).OfType<ChargeId>();
    }
}
