using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>A charge of 100 dollars for 50 units.</summary>
public class CorrectionTests
{
    private static readonly LineId Line = LineIdOf(Invoice);

    private static Correctable Fresh => new(ChargeState.Of(Charge, Posted), PeriodGuard.New);

    private static Correctable Closed => Fresh with { Period = new(PeriodStatus.Closed, 1, Usd100("100")) };

    [Test]
    public void a_void_takes_off_all_that_is_left_in_the_period_of_the_charge()
    {
        var voided = Void(Fresh).ShouldRecord().ShouldHaveSingleItem();

        voided.Stream.ShouldBe(new StreamId.Charge(Tenant, Charge));
        voided.Id.ShouldBe(Id("a"));
        var happened = voided.Event.ShouldBeOfType<ChargeVoided>();
        (happened.Amount, happened.Booking).ShouldBe((Usd100("-100"), InMarch));
        happened.Of.ShouldBe(new(Charge, ChargeKind.Use, March, Meter));
        happened.Origin.ShouldBe(new(
            Posted.Origin.EffectiveAt, Now, "ada@billing", Cause.Of("key-1"), "Wrong reading"));
    }

    [Test]
    public void a_correction_counts_from_when_it_says() =>
        VoidCharge.Decide(new(Tenant, Charge, Correction("a"), Ask() with { EffectiveAt = March.Start }), Fresh, Now)
            .ShouldRecord<ChargeVoided>().Origin.EffectiveAt.ShouldBe(March.Start);

    [Test]
    public void a_second_void_is_refused_and_the_first_again_is_so_already()
    {
        var after = After(Fresh, Void(Fresh));

        Void(after).ShouldBeAlreadySo();
        Void(after, "b").ShouldRefuse(Refusal.AlreadyVoided);
        Credit(after, "1", "b").ShouldRefuse(Refusal.AlreadyVoided);
        Adjust(after, "1", "b").ShouldRefuse(Refusal.AlreadyVoided);
    }

    [Test]
    public void what_was_recorded_is_so_even_when_the_period_has_closed_since()
    {
        var after = After(Fresh, Void(Fresh)) with { Period = Closed.Period };

        Void(after).ShouldBeAlreadySo();
        Void(after, "b").ShouldRefuse(Refusal.AlreadyVoided);
    }

    [Test]
    public void a_key_that_came_with_something_else_is_refused()
    {
        var after = After(Fresh, Credit(Fresh, "10"));

        Credit(after, "10").ShouldBeAlreadySo();
        Credit(after, "11").ShouldRefuse(Refusal.KeyReused);
        Void(after).ShouldRefuse(Refusal.KeyReused);
        Adjust(after, "90").ShouldRefuse(Refusal.KeyReused);
        Reverse(after, "x").ShouldRefuse(Refusal.KeyReused);
    }

    [Test]
    public void credits_go_up_to_what_is_left()
    {
        var after = After(Fresh, Credit(Fresh, "60"));

        Credit(after, "40.000000000001", "b").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("40"));
        var nothing = After(after, Credit(after, "40", "b"));
        Credit(nothing, "1", "c").ShouldRefuse(Refusal.NothingLeft, Usd100("0"));
        Void(nothing, "c").ShouldRefuse(Refusal.NothingLeft, Usd100("0"));
        Adjust(nothing, "5", "c").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("5"));
    }

    [TestCase("0", Refusal.AmountNotPositive)]
    [TestCase("-1", Refusal.AmountNotPositive)]
    public void a_credit_is_above_zero(string amount, Refusal refusal) =>
        Credit(Fresh, amount).ShouldRefuse(refusal);

    [Test]
    public void currencies_do_not_mix()
    {
        var francs = Text.Read<Amount>("10 XOF");

        CreditCharge.Decide(new(Tenant, Charge, Correction("a"), francs, Ask()), Fresh, Now)
            .ShouldRefuse(Refusal.CurrencyDiffers);
        AdjustCharge.Decide(new(Tenant, Charge, Correction("a"), new AdjustCharge.Target.Of(francs), Ask()), Fresh, Now)
            .ShouldRefuse(Refusal.CurrencyDiffers);
    }

    [Test]
    public void a_correction_says_who_and_why()
    {
        var (nobody, why) = (Ask() with { Actor = " " }, Ask(reason: " "));

        VoidCharge.Decide(new(Tenant, Charge, Correction("a"), nobody), Fresh, Now).ShouldRefuse(Refusal.ActorMissing);
        VoidCharge.Decide(new(Tenant, Charge, Correction("a"), why), Fresh, Now).ShouldRefuse(Refusal.ReasonMissing);
        CreditCharge.Decide(new(Tenant, Charge, Correction("a"), Usd100("1"), why), Fresh, Now)
            .ShouldRefuse(Refusal.ReasonMissing);
    }

    [Test]
    public void nobody_corrects_what_belongs_to_others_or_is_not_there()
    {
        VoidCharge.Decide(new(OtherTenant, Charge, Correction("a"), Ask()), Fresh, Now).ShouldRefuse(Refusal.NotFound);
        VoidCharge.Decide(new(Tenant, Charge, Correction("a"), Ask()), null, Now).ShouldRefuse(Refusal.NotFound);
    }

    [Test]
    public void a_charge_is_set_to_another_amount()
    {
        Adjust(Fresh, "80").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("-20"));
        Adjust(Fresh, "120.5").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("20.5"));
        Adjust(Fresh, "0").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("-100"));
        Adjust(Fresh, "100").ShouldRefuse(Refusal.NothingChanges);
        Adjust(Fresh, "-1").ShouldRefuse(Refusal.AmountBelowZero);

        var after = After(Fresh, Adjust(Fresh, "80"));
        Adjust(after, "80").ShouldBeAlreadySo();
        Adjust(after, "81").ShouldRefuse(Refusal.KeyReused);
        Adjust(after, "90", "b").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("10"));
    }

    [Test]
    public void a_charge_is_set_to_other_units_at_the_price_it_had()
    {
        var less = Units(Fresh, 40).ShouldRecord<ChargeAdjusted>();
        (less.Amount, less.Units).ShouldBe((Usd100("-20"), Quantity.From(-10)));

        var after = After(Fresh, Units(Fresh, 40));
        after.Charge.Units.ShouldBe(Quantity.From(40));
        Units(after, 40).ShouldBeAlreadySo();
        Units(after, 41).ShouldRefuse(Refusal.KeyReused);
        Adjust(after, "80").ShouldRefuse(Refusal.KeyReused);
        Units(after, 40, "b").ShouldRefuse(Refusal.NothingChanges);
        Units(after, 0, "b").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("-80"));
        Units(after, -1, "b").ShouldRefuse(Refusal.AmountBelowZero);
    }

    [Test]
    public void fewer_units_take_off_no_more_than_is_left()
    {
        var after = After(Fresh, Credit(Fresh, "90"));

        Units(after, 40, "b").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("10"));
        Units(after, 45, "b").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("-10"));
    }

    [Test]
    public void what_has_no_units_cannot_be_set_to_a_number_of_them()
    {
        var fee = Fresh with { Charge = ChargeState.Of(Charge, Posted with { Quantity = null }) };
        var none = Fresh with { Charge = ChargeState.Of(Charge, Posted with { Quantity = Quantity.Zero }) };

        Units(fee, 1).ShouldRefuse(Refusal.NoUnits);
        Units(none, 1).ShouldRefuse(Refusal.NoUnits);
    }

    [Test]
    public void a_charge_below_zero_can_be_voided_and_set_up_and_not_credited()
    {
        var back = Fresh with { Charge = ChargeState.Of(Charge, Posted with { Amount = Usd100("-3") }) };

        Void(back).ShouldRecord<ChargeVoided>().Amount.ShouldBe(Usd100("3"));
        Credit(back, "1").ShouldRefuse(Refusal.NothingLeft, Usd100("-3"));
        Adjust(back, "0").ShouldRecord<ChargeAdjusted>().Amount.ShouldBe(Usd100("3"));
        Units(back, 60).ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("-3"));
    }

    [Test]
    public void a_mistaken_correction_is_reversed_once()
    {
        var voided = After(Fresh, Void(Fresh));
        var reversed = After(voided, Reverse(voided, "a", "b"));

        reversed.Charge.Left.ShouldBe(Usd100("100"));
        reversed.Charge.IsVoided.ShouldBeFalse();
        reversed.Charge.IsCorrected.ShouldBeFalse();
        Reverse(reversed, "a", "b").ShouldBeAlreadySo();
        Reverse(reversed, "a", "c").ShouldRefuse(Refusal.AlreadyReversed);
        Reverse(reversed, "b", "c").ShouldRefuse(Refusal.NoSuchCorrection);
        Reverse(reversed, "x", "c").ShouldRefuse(Refusal.NoSuchCorrection);
        Void(reversed, "c").ShouldRecord<ChargeVoided>().Amount.ShouldBe(Usd100("-100"));
    }

    [Test]
    public void reversing_an_increase_takes_off_no_more_than_is_left()
    {
        var more = After(Fresh, Adjust(Fresh, "150"));
        var credited = After(more, Credit(more, "120", "b"));

        Reverse(credited, "a", "c").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("30"));
        Reverse(more, "a", "c").ShouldRecord<CorrectionReversed>().Amount.ShouldBe(Usd100("-50"));
    }

    [Test]
    public void reversed_units_are_units_again()
    {
        var fewer = After(Fresh, Units(Fresh, 40));
        var fewest = After(fewer, Units(fewer, 30, "b"));

        var back = After(fewest, Reverse(fewest, "a", "c"));

        (back.Charge.Units, back.Charge.Left).ShouldBe((Quantity.From(40), Usd100("80")));
    }

    [Test]
    public void nothing_moves_while_a_period_is_being_invoiced()
    {
        Void(Closed).ShouldRefuse(Refusal.PeriodBeingInvoiced);
        Credit(Closed, "1").ShouldRefuse(Refusal.PeriodBeingInvoiced);
        Adjust(Closed, "1").ShouldRefuse(Refusal.PeriodBeingInvoiced);
        Reverse(After(Fresh, Void(Fresh)) with { Period = Closed.Period }, "a", "b")
            .ShouldRefuse(Refusal.PeriodBeingInvoiced);
    }

    [Test]
    public void a_correction_of_an_issued_period_is_booked_into_an_open_one_and_weighs_on_the_line()
    {
        var appends = Credit(Issued("100"), "30").ShouldRecord(2);

        var credited = appends[0].Event.ShouldBeOfType<ChargeCredited>();
        credited.Booking.ShouldBe(InApril);
        credited.Of.On.ShouldBe(new(Invoice, Line));
        appends[1].Stream.ShouldBe(new StreamId.Invoice(Tenant, Invoice));
        var marked = appends[1].Event.ShouldBeOfType<LineCorrected>();
        (marked.Line, marked.Charge, marked.Amount).ShouldBe((Line, Charge, Usd100("-30")));
        marked.Origin.Cause.ShouldBe(Cause.Of(new FactId(Id("a"))));
    }

    [Test]
    public void an_increase_does_not_weigh_on_the_line() =>
        Adjust(Issued("100"), "120").ShouldRecord().Single().Event
            .ShouldBeOfType<ChargeAdjusted>().Of.On.ShouldBeNull();

    [Test]
    public void an_invoiced_charge_has_no_more_left_than_its_line()
    {
        var issued = Issued("100");
        var note = CreditInvoice.Decide(
            new(Tenant, Invoice, new(Id("note")), [new(Line, Usd100("70"))], Ask()), issued.Invoice, Now)
            .ShouldRecord();
        var credited = issued with { Invoice = issued.Invoice!.Evolve(note[0].Recorded) };

        Credit(credited, "31").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("30"));
        Void(credited).ShouldRecord(2)[0].Event.ShouldBeOfType<ChargeVoided>().Amount.ShouldBe(Usd100("-30"));
        Adjust(credited, "69").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("30"));
    }

    [Test]
    public void a_charge_whose_line_is_missing_waits_for_a_person() =>
        Void(Issued("100") with { Charge = ChargeState.Of(Charge, Posted with { Meter = MeterId.Of("tokens") }) })
            .ShouldRefuse(Refusal.NoSuchLine);

    [Test]
    public void the_producer_takes_back_what_nobody_corrected()
    {
        var back = TakeBack(Fresh).ShouldRecord<ChargeTakenBack>();
        var after = After(Fresh, TakeBack(Fresh));

        (back.Amount, back.Booking).ShouldBe((Usd100("-100"), InMarch));
        TakeBack(after).ShouldBeAlreadySo();
        TakeBack(after, "another").ShouldRefuse(Refusal.TakenBack);
        Void(after).ShouldRefuse(Refusal.TakenBack);
        Credit(after, "1").ShouldRefuse(Refusal.TakenBack);
        Reverse(after, "cancel").ShouldRefuse(Refusal.NoSuchCorrection);
    }

    [Test]
    public void a_cancel_meets_a_persons_correction_and_waits_for_a_person()
    {
        var credited = After(Fresh, Credit(Fresh, "10"));

        TakeBack(credited).ShouldRefuse(Refusal.CorrectedByPerson, Usd100("90"));
        TakeBack(After(credited, Reverse(credited, "a", "b"))).ShouldRecord<ChargeTakenBack>();
    }

    [Test]
    public void each_event_behind_a_merged_charge_is_taken_back_until_a_person_corrects_it()
    {
        var merged = Fresh with { Charge = ChargeState.Of(Charge, Posted with { Kind = ChargeKind.Merged }) };
        var first = After(merged, TakeBack(merged, "first", "-30"));
        var second = After(first, TakeBack(first, "second", "-20"));

        TakeBack(second, "first", "-30").ShouldBeAlreadySo();
        // A use that was free frees an allowance, so that others cost less: more than this charge was may go.
        TakeBack(second, "freed", "-50.01").ShouldRecord<ChargeTakenBack>();
        (second.Charge.Left, second.Charge.IsTakenBack).ShouldBe((Usd100("50"), false));

        var credited = After(second, Credit(second, "10"));
        TakeBack(credited, "third", "-5").ShouldRefuse(Refusal.CorrectedByPerson, Usd100("40"));
        TakeBack(After(second, Void(second)), "third", "-5").ShouldRefuse(Refusal.CorrectedByPerson, Usd100("0"));
        TakeBack(After(credited, Reverse(credited, "a", "b")), "third", "-5").ShouldRecord<ChargeTakenBack>();
    }

    [Test]
    public void a_cancel_before_its_charge_waits_for_it() =>
        TakeBack(null).ShouldBe(Decision.WaitFor(Missing.Charge, Charge.ToString()));

    [Test]
    public void a_cancel_of_what_a_credit_note_gave_back_waits_for_a_person()
    {
        var issued = Issued("100");
        var note = CreditInvoice.Decide(
            new(Tenant, Invoice, new(Id("note")), [new(Line, Usd100("70"))], Ask()), issued.Invoice, Now)
            .ShouldRecord();

        TakeBack(issued with { Invoice = issued.Invoice!.Evolve(note[0].Recorded) })
            .ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("30"));
        TakeBack(issued).ShouldRecord(2)[1].Event.ShouldBeOfType<LineCorrected>();
    }

    [Test]
    public void a_cancel_waits_while_its_period_is_being_invoiced() => TakeBack(Closed).ShouldBe(
        Decision.WaitFor(Missing.Period, "tenant-1/period/sub-1/USD/2026-03-01T00:00:00Z"));

    internal static LineId LineIdOf(InvoiceId invoice) => Contracts.Invoices.LineIds.Of(
        invoice, Contracts.Invoices.LineKind.Usage, Meter, March);

    private static Correctable Issued(string exact)
    {
        var invoice = InvoiceState.Of(new(
            Tenant, Invoice, "1", InMarch, 1, Now,
            [
                new(Line, LineKind.Usage, Usd100(exact), Dollars($"{exact}.00"), Dollars("0.00"), Dollars("0.00"),
                    Meter),
            ],
            Dollars($"{exact}.00"), FromPricing(Now)));
        return Fresh with
        {
            Period = new(PeriodStatus.Issued, 1, Usd100(exact), Given.Invoice),
            FirstOpen = InApril,
            Invoice = invoice,
        };
    }

    private static Correctable After(Correctable before, Decision decision) => decision.ShouldRecord(1)
        .Aggregate(before, (state, append) => state with { Charge = state.Charge.Evolve(append.Recorded) });

    private static Decision Void(Correctable? state, string id = "a") =>
        VoidCharge.Decide(new(Tenant, Charge, Correction(id), Ask()), state, Now);

    private static Decision Credit(Correctable state, string amount, string id = "a") =>
        CreditCharge.Decide(new(Tenant, Charge, Correction(id), Usd100(amount), Ask()), state, Now);

    private static Decision Adjust(Correctable state, string amount, string id = "a") => AdjustCharge.Decide(
        new(Tenant, Charge, Correction(id), new AdjustCharge.Target.Of(Usd100(amount)), Ask()), state, Now);

    private static Decision Units(Correctable state, int units, string id = "a") => AdjustCharge.Decide(
        new(Tenant, Charge, Correction(id), new AdjustCharge.Target.OfUnits(Quantity.From(units)), Ask()), state,
        Now);

    private static Decision Reverse(Correctable state, string reversed, string id = "a") =>
        ReverseCorrection.Decide(new(Tenant, Charge, Correction(id), Correction(reversed), Ask()), state, Now);

    private static Decision TakeBack(
        Correctable? state, string cancel = "cancel", string amount = "-100") => TakeBackCharge.Decide(
        new(Tenant, Charge, new(Id(cancel)), Usd100(amount), InMarch, NoTrace, From("pricing", cancel)), state, Now);
}
