using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using FsCheck.NUnit;
using static Billing.Ledger.Tests.Given;
using ChargeKind = Billing.Ledger.Events.ChargeKind;

namespace Billing.Ledger.Tests;

[Properties(MaxTest = 200)]
public class PostRatingsTests
{
    private static readonly BillingPeriod February = new(At("2026-02-01T00:00:00Z"), March.Start);
    private static readonly RatingTraceV1 Trace = new([new("per unit", Usd100("1"))]);
    private static readonly PeriodKey MarchKey = InMarch.KeyOf(Tenant, Usd);

    private static readonly Ledger.Periods.Subscription Known =
        new(Sub, Tenant, Usd, PeriodAnchor.CalendarMonth, _ => TimeSpan.Zero);

    private static readonly PostingState Open = PostingState.Nothing with
    {
        Subscriptions = new Dictionary<SubscriptionId, Ledger.Periods.Subscription> { [Sub] = Known },
    };

    private static readonly PeriodGuard ClosedOnce = new(PeriodStatus.Closed, 1, Usd100("0"));

    [Test]
    public void a_use_becomes_a_charge_with_all_that_it_says()
    {
        var append = Post(Open, Use("a", "12.5")).Appends.ShouldHaveSingleItem();

        append.Id.ShouldBe(Id("a"));
        append.Stream.ToString().ShouldBe("tenant-1/usage/sub-1/USD/2026-03-01T00:00:00Z");
        var charge = append.Event.ShouldBeOfType<ChargePosted>();
        charge.ShouldBe(new(
            Tenant, InMarch, ChargeKind.Use, Usd100("12.5"),
            new(March.Start.AddDays(9), Now, "pricing", Cause.Of(new FactId(Id("a")))), charge.Trace, null, Meter,
            Quantity.From(3), new("//platform", "a", 0)));
        charge.Trace.Steps.ShouldHaveSingleItem().ShouldBe(new("per unit", Usd100("1")));
    }

    [Test]
    public void each_kind_of_rating_has_its_period_and_its_moment()
    {
        var posted = Post(
            Open,
            Fact("fee", new FeeRatedV1(Tenant, Sub, PlanId.Of("starter"), April, Usd100("29"), Trace)),
            Fact("proration", new ProrationRatedV1(
                Tenant, Sub, PlanId.Of("starter"), March, new(Now, March.EndExclusive), Usd100("-3"), Trace)),
            Fact("true-up", new TrueUpRatedV1(Tenant, Sub, March, Usd100("7"), Trace)),
            Fact("change", new ChangeRatedV1(Tenant, new(Id("price")), Meter, March, Usd100("-1"), Trace, Sub)),
            Fact("merged", new MergedRatedV1(
                Tenant, Meter, new(Now, Now.AddHours(1)), [new(Id("x"))], March, Quantity.From(9), Usd100("2"),
                Trace, Sub)));

        posted.Appends.Select(append => (ChargePosted)append.Event)
            .Select(charge => (charge.Kind, charge.Booking, charge.Served(), charge.Origin.EffectiveAt)).ShouldBe(
            [
                (ChargeKind.Fee, InMarch, April, April.Start),
                (ChargeKind.Proration, InMarch, March, Now),
                (ChargeKind.TrueUp, InMarch, March, March.EndExclusive.AddMicroseconds(-1)),
                (ChargeKind.Change, InMarch, March, March.Start),
                (ChargeKind.Merged, InMarch, March, Now),
            ]);
        posted.Slips.ShouldBe([new(MarchKey, 5, Usd100("34"), Id("fee"), Id("merged"))]);
    }

    [Test]
    public void usage_without_a_subscription_has_calendar_months()
    {
        var closed = Guards((new Booking(March).KeyOf(Tenant, Usd), ClosedOnce));

        var charge = Post(closed, Use("a", "1", subscription: null)).Appends.Single().Event
            .ShouldBeOfType<ChargePosted>();

        (charge.Booking, charge.Serves).ShouldBe((new Booking(April), March));
        var change = new ChangeRatedV1(Tenant, new(Id("price")), Meter, March, Usd100("-1"), Trace);
        Post(Open, Fact("change", change)).Slips.Single().Period.ShouldBe(new Booking(March).KeyOf(Tenant, Usd));
    }

    [Test]
    public void late_usage_goes_to_the_first_open_period_and_keeps_its_own()
    {
        var posted = Post(Guards((MarchKey, ClosedOnce)), Use("a", "1"), Use("b", "2"));

        posted.Appends.Select(append => ((ChargePosted)append.Event).Booking).ShouldBe([InApril, InApril]);
        posted.Appends.ShouldAllBe(append => ((ChargePosted)append.Event).Serves == March);
        posted.Slips.ShouldBe([new(InApril.KeyOf(Tenant, Usd), 2, Usd100("3"), Id("a"), Id("b"))]);
    }

    [Test]
    public void an_answer_closes_with_all_that_came_before_it_and_nothing_after()
    {
        var booked = new Dictionary<PeriodKey, Slip> { [MarchKey] = new(MarchKey, 2, Usd100("5"), Id("x"), Id("y")) };

        var posted = Post(
            Open with { Booked = booked }, Use("a", "1"), Answer("answer", 1), Use("b", "2"), Answer("answer", 1));

        var closed = posted.Appends[1].Event.ShouldBeOfType<PeriodClosed>();
        (closed.Entries, closed.Sum, closed.First, closed.Last).ShouldBe((3L, Usd100("6"), Id("x"), Id("a")));
        ((ChargePosted)posted.Appends[2].Event).Booking.ShouldBe(InApril);
        posted.Guards.ShouldHaveSingleItem().ShouldBe(new(MarchKey, new(PeriodStatus.Closed, 1, Usd100("6"))));
        posted.Duplicates.ShouldBe(1);
    }

    [Test]
    public void what_is_of_another_currency_or_tenant_than_its_subscription_goes_to_a_person()
    {
        var posted = Post(
            Open, Fact("a", Rated("a", Text.Read<Amount>("500 XOF"), Sub)),
            Fact("b", Rated("b", Usd100("1"), Sub) with { Tenant = OtherTenant }));

        posted.Suspended.Select(kept => kept.Why.Reason)
            .ShouldBe([Refusal.CurrencyOfSubscription, Refusal.TenantOfSubscription]);
        var refused = posted.Appends[0].Event.ShouldBeOfType<ChargeRefused>();
        posted.Appends[0].Stream.ShouldBe(new StreamId.Refused(Tenant, new(Id("a"))));
        (refused.Rating, refused.Amount, refused.Serves).ShouldBe((new(Id("a")), Text.Read<Amount>("500 XOF"), March));
        posted.Slips.ShouldBeEmpty();
    }

    [Test]
    public void what_names_an_unknown_subscription_waits_for_it()
    {
        var other = SubscriptionId.Of("sub-2");

        var posted = Post(Open, Use("a", "1", other), Fact("b", Answered(1) with { Subscription = other }));

        posted.Waiting.Select(kept => kept.Why)
            .ShouldAllBe(why => why == Decision.WaitFor(Missing.Subscription, "sub-2"));
        posted.Waiting.Count.ShouldBe(2);
        posted.Appends.ShouldBeEmpty();
    }

    [Test]
    public void a_cancel_takes_back_its_charge_in_the_same_batch_or_a_later_one()
    {
        var together = Post(Open, Use("a", "10"), Cancel("c", "a", "-10"));
        var stored = State((ChargePosted)together.Appends[0].Event, PeriodGuard.New);

        foreach (var posted in new[] { together, Post(stored, Cancel("c", "a", "-10")) })
        {
            var back = posted.Appends[^1].Event.ShouldBeOfType<ChargeTakenBack>();
            posted.Appends[^1].Id.ShouldBe(Id("c"));
            (back.Amount, back.Units, back.Booking).ShouldBe((Usd100("-10"), Quantity.From(-3), InMarch));
        }

        together.Slips.ShouldBe([new(MarchKey, 2, Usd100("0"), Id("a"), Id("c"))]);
    }

    [Test]
    public void a_second_cancel_of_a_charge_goes_to_a_person() =>
        Post(Open, Use("a", "10"), Cancel("c", "a", "-10"), Cancel("d", "a", "-10"))
            .Suspended.ShouldHaveSingleItem().Why.ShouldBe(new(Refusal.TakenBack));

    [Test]
    public void a_cancel_waits_for_its_charge_or_for_its_period_to_be_invoiced()
    {
        Post(Open, Cancel("c", "a", "-10")).Waiting.ShouldHaveSingleItem().Why.For.ShouldBe(Missing.Charge);
        Post(State(Posted, ClosedOnce), Cancel("c", "charge", "-10")).Waiting.ShouldHaveSingleItem()
            .Why.For.ShouldBe(Missing.Period);
    }

    [Test]
    public void a_cancel_of_an_invoiced_charge_weighs_on_its_line()
    {
        var line = CorrectionTests.LineIdOf(Invoice);
        var invoice = InvoiceState.Of(new(
            Tenant, Invoice, "1", InMarch, 1, Now,
            [new(line, LineKind.Usage, Usd100("100"), Dollars("100.00"), Dollars("0.00"), Dollars("0.00"), Meter)],
            Dollars("100.00"), FromPricing(Now)));
        var state = State(Posted, new(PeriodStatus.Issued, 1, Usd100("100"), Invoice)) with
        {
            Invoices = new Dictionary<InvoiceId, InvoiceState> { [Invoice] = invoice },
        };

        var posted = Post(state, Cancel("c", "charge", "-100"));

        posted.Appends[0].Event.ShouldBeOfType<ChargeTakenBack>().Booking.ShouldBe(InApril);
        posted.Appends[1].Event.ShouldBeOfType<LineCorrected>().Line.ShouldBe(line);

        // Both charges are on the line of 100, which gives each of them back only once.
        Post(state, Cancel("c", "charge", "-70"), Cancel("d", "a", "-40"))
            .Suspended.ShouldHaveSingleItem().Why.ShouldBe(new(Refusal.AboveWhatIsLeft, Usd100("30")));
    }

    [Test]
    public void what_is_posted_already_is_counted_and_dropped()
    {
        var posted = Post(Open with { Known = new HashSet<FactId> { new(Id("a")) } }, Use("a", "1"), Use("b", "2"));

        (posted.Duplicates, posted.Appends.Single().Id).ShouldBe((1, Id("b")));
    }

    [Test]
    public void a_refused_answer_is_told()
    {
        var posted = Post(Open, Answer("answer", 2));

        var refused = posted.Appends.ShouldHaveSingleItem().Event.ShouldBeOfType<AskRefused>();
        (refused.Ask, refused.Refusal).ShouldBe((new(Id("answer")), Refusal.CloseNumberDiffers));
    }

    [Test]
    public void a_batch_allocates_little_more_than_what_it_keeps()
    {
        const int Ratings = 5_000, Bytes = 1_200;
        var facts = Enumerable.Range(0, Ratings).Select(place => Use($"use {place}", "2.5")).ToArray();
        Post(Open, facts);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Post(Open, facts).Appends.Count.ShouldBe(Ratings);
        var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / Ratings;

        TestContext.Out.WriteLine($"{allocated} bytes a rating");
        allocated.ShouldBeLessThan(Bytes);
    }

    // However a sequence of facts is cut into batches, it comes to the same events, sums and guards.
    [Property]
    public void batches_do_not_matter(byte[] kinds, byte[] cuts)
    {
        var facts = kinds.Select(FactOf).ToList();
        var whole = Run(facts, [facts.Count]);
        var parts = Run(facts, [.. cuts.Select(cut => cut % 7 + 1)]);

        Stored(parts.Books).ShouldBe(Stored(whole.Books));
        parts.Waiting.ShouldBe(whole.Waiting);
        parts.Suspended.ShouldBe(whole.Suspended);
        foreach (var key in whole.Books.Periods.Union(parts.Books.Periods))
        {
            parts.Books.Guard(key).ShouldBe(whole.Books.Guard(key));
            parts.Books.Slip(key).ShouldBe(whole.Books.Slip(key));
        }

        var answers = whole.Books.Log.Count(append => append.Event is PeriodClosed);
        (whole.Books.Log.Count + whole.Waiting + whole.Duplicates + whole.AlreadySo).ShouldBe(facts.Count);
        answers.ShouldBeLessThanOrEqualTo(facts.Count);
    }

    private static PricingFact FactOf(byte kind, int place) => (kind % 8) switch
    {
        0 => Answer($"answer {place}", kind / 64 + 1),
        1 => Cancel($"cancel {place}", $"use {place - kind / 50}", "-2.5"),
        2 => Fact($"fee {place}", new FeeRatedV1(Tenant, Sub, PlanId.Of("starter"), April, Usd100("29"), Trace)),
        3 => Use($"other {place}", "1.000000000001", kind > 200 ? SubscriptionId.Of("sub-2") : null),
        4 => Fact($"x {place}", Rated($"x {place}", Text.Read<Amount>("5 XOF"), Sub)),
        _ => Use($"use {place / 2 * 2}", "2.5"),
    };

    private static Outcome Run(List<PricingFact> facts, int[] sizes)
    {
        var outcome = new Outcome();
        for (var (from, turn) = (0, 0); from < facts.Count; turn++)
        {
            var batch = facts.Skip(from).Take(sizes.Length == 0 ? 3 : sizes[turn % sizes.Length]).ToList();
            outcome.Take(batch);
            from += batch.Count;
        }

        return outcome;
    }

    private static List<string> Stored(Books books) => [.. books.Log.Select(append =>
        $"{append.Stream} {append.Id} {System.Text.Encoding.UTF8.GetString(StoredJson.Write(append.Event))}")];

    private static PostedRatings Post(PostingState state, params PricingFact[] facts) =>
        PostRatings.Decide(facts, state, Now);

    private static PostingState Guards(params (PeriodKey Key, PeriodGuard Guard)[] guards) =>
        Open with { Guards = guards.ToDictionary(one => one.Key, one => one.Guard) };

    private static PostingState State(ChargePosted posted, PeriodGuard guard)
    {
        var ids = new[] { new ChargeId(Id("a")), Charge };
        return Guards((MarchKey, guard)) with
        {
            Charges = ids.ToDictionary(id => id, id => ChargeState.Of(id, posted)),
        };
    }

    private static PricingFact Fact(string name, object message) => PricingFacts.Of(new(Id(name)), message);

    private static PricingFact Use(string name, string amount) => Use(name, amount, Sub);

    private static PricingFact Use(string name, string amount, SubscriptionId? subscription) =>
        Fact(name, Rated(name, Usd100(amount), subscription));

    private static UseRatedV1 Rated(string name, Amount amount, SubscriptionId? subscription) => new(
        Tenant, new("//platform", name), 0, Meter, March, March.Start.AddDays(9), Quantity.From(3), amount, Trace,
        subscription);

    private static PricingFact Cancel(string name, string charge, string amount) => Fact(name, new CancelRatedV1(
        Tenant, new("//platform", charge), 0, Meter, new(Id(charge)), March, March.Start.AddDays(9), Quantity.From(-3),
        Usd100(amount), Trace, Sub));

    private static PricingFact Answer(string name, int number) => Fact(name, Answered(number));

    private static PeriodAnsweredV1 Answered(int number) =>
        new(Tenant, Usd, March, number, April.Start, 0, 0, Sub);

    private sealed class Outcome
    {
        public Books Books { get; } = new();

        public int Waiting { get; private set; }

        public int Suspended { get; private set; }

        public int Duplicates { get; private set; }

        public int AlreadySo { get; private set; }

        public void Take(List<PricingFact> batch)
        {
            var posted = PostRatings.Decide(batch, Read(batch), Now);
            foreach (var append in posted.Appends) Books.Add(append);
            foreach (var (key, guard) in posted.Guards) Books.Guard(key).ShouldBe(guard);
            Waiting += posted.Waiting.Count;
            Suspended += posted.Suspended.Count;
            Duplicates += posted.Duplicates;
            AlreadySo += batch.Count - posted.Appends.Count - posted.Waiting.Count - posted.Duplicates;
            posted.Appends.Count(append => append.Event is ChargeRefused or AskRefused)
                .ShouldBe(posted.Suspended.Count);
        }

        private PostingState Read(List<PricingFact> batch)
        {
            var charges = batch.OfType<PricingFact.Rated>().Select(rated => rated.Rating.Cancels).OfType<ChargeId>()
                .Distinct().Select(Books.Charge).OfType<ChargeState>();
            return Open with
            {
                Guards = Books.Periods.ToDictionary(key => key, Books.Guard),
                Booked = Books.Periods.ToDictionary(key => key, Books.Slip),
                Charges = charges.ToDictionary(charge => charge.Id),
                Known = Books.Log.Select(append => new FactId(append.Id)).ToHashSet(),
            };
        }
    }
}
