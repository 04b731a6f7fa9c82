using Billing.Contracts.Values;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

public class CreditTests
{
    private static readonly InvoiceState Owes50 = InvoiceState.Of(new(
        Tenant, Invoice, "1", InMarch, 1, Now, [], Dollars("50.00"), FromPricing(Now)));

    [Test]
    public void a_grant_is_recorded_once()
    {
        var append = Grant(CreditState.New, "a", "30.00", Now.AddDays(1)).ShouldRecord().Single();
        var state = CreditState.New.Evolve(append.Recorded);

        append.Stream.ShouldBe(new StreamId.Credit(Tenant, Usd));
        append.Event.ShouldBe(new CreditGranted(
            Tenant, Dollars("30.00"), new(Now, Now, "ada@billing", Cause.Of("key-1"), "Wrong reading"),
            Now.AddDays(1)));
        Grant(state, "a", "30.00", Now.AddDays(1)).ShouldBeAlreadySo();
        Grant(state, "a", "31.00", Now.AddDays(1)).ShouldRefuse(Refusal.KeyReused);
        Grant(state, "a", "30.00").ShouldRefuse(Refusal.KeyReused);
    }

    [Test]
    public void a_grant_is_above_zero_for_a_time_to_come_by_somebody_for_a_reason()
    {
        Grant(CreditState.New, "a", "0.00").ShouldRefuse(Refusal.AmountNotPositive);
        Grant(CreditState.New, "a", "1.00", Now).ShouldRefuse(Refusal.ExpiryPassed);
        GrantCredit.Decide(new(Tenant, Id("a"), Dollars("1.00"), Ask(reason: "")), CreditState.New, Now)
            .ShouldRefuse(Refusal.ReasonMissing);
        GrantCredit.Decide(new(Tenant, Id("a"), Dollars("1.00"), Ask() with { Actor = "" }), CreditState.New, Now)
            .ShouldRefuse(Refusal.ActorMissing);
    }

    [Test]
    public void what_expires_first_is_used_first()
    {
        var state = With(("a", "30.00", null), ("b", "30.00", 9), ("c", "5.00", 3), ("d", "5.00", 9));

        var applied = Apply(state).ShouldRecord<CreditApplied>();

        applied.Money.ShouldBe(Dollars("50.00"));
        applied.Parts.ShouldBe(
        [
            new(Id("c"), Dollars("5.00")), new(Id("b"), Dollars("30.00")), new(Id("d"), Dollars("5.00")),
            new(Id("a"), Dollars("10.00")),
        ]);
    }

    [Test]
    public void credit_is_spent_once()
    {
        var state = With(("a", "30.00", null));
        var append = Apply(state).ShouldRecord().Single();
        var after = state.Evolve(append.Recorded);
        var invoice = Owes50.Evolve(append.Recorded);

        invoice.LeftToPay.ShouldBe(Dollars("20.00"));
        Apply(after, invoice).ShouldBeAlreadySo();
        Apply(after, invoice, "other").ShouldRefuse(Refusal.NothingLeft, Usd100("0"));
    }

    [Test]
    public void no_more_is_applied_than_there_is_credit_and_something_to_pay()
    {
        var state = With(("a", "30.00", null));

        Apply(state, money: "30.01").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("30"));
        Apply(state, money: "0.00").ShouldRefuse(Refusal.AmountNotPositive);
        Apply(state, money: "12.00").ShouldRecord<CreditApplied>().Money.ShouldBe(Dollars("12.00"));
        Apply(With(("a", "80.00", null))).ShouldRecord<CreditApplied>().Money.ShouldBe(Dollars("50.00"));
    }

    [Test]
    public void expired_credit_pays_nothing_even_before_somebody_says_so() =>
        ApplyCredit.Decide(new(Tenant, Invoice, Id("apply"), Ask()), With(("a", "30.00", 1)), Owes50, Now.AddDays(1))
            .ShouldRefuse(Refusal.NothingLeft, Usd100("0"));

    [Test]
    public void credit_pays_only_invoices_of_its_tenant_and_currency()
    {
        var state = With(("a", "30.00", null));

        ApplyCredit.Decide(new(OtherTenant, Invoice, Id("apply"), Ask()), state, Owes50, Now)
            .ShouldRefuse(Refusal.NotFound);
        ApplyCredit.Decide(new(Tenant, Invoice, Id("apply"), Ask()), state, null, Now).ShouldRefuse(Refusal.NotFound);
        ApplyCredit.Decide(
            new(Tenant, Invoice, Id("apply"), Ask(), Text.Read<Money>("5 XOF")), state, Owes50, Now)
            .ShouldRefuse(Refusal.CurrencyDiffers);
    }

    [Test]
    public void what_is_left_of_a_grant_expires_once()
    {
        var state = With(("a", "30.00", 1), ("b", "5.00", 2), ("c", "7.00", null));
        var spent = state.Evolve(Apply(state, money: "12.00").ShouldRecord().Single().Recorded);

        var expired = Due(spent, 1).ShouldRecord<CreditExpired>();

        (expired.Grant, expired.Money).ShouldBe((Id("a"), Dollars("18.00")));
        (expired.Origin.EffectiveAt, expired.Origin.RecordedAt).ShouldBe((Now.AddDays(1), Now.AddDays(1)));
        Due(state, 2).ShouldRecord(2);
        var after = Due(spent, 2).ShouldRecord(2).Aggregate(spent, (one, append) => one.Evolve(append.Recorded));
        Due(after, 3).ShouldBeAlreadySo();
    }

    [Test]
    public void a_mistaken_grant_is_taken_back_by_a_person_with_a_reason()
    {
        var state = With(("a", "30.00", 9));
        var append = End(state).ShouldRecord().Single();
        var after = state.Evolve(append.Recorded);

        append.Event.ShouldBeOfType<CreditExpired>().Money.ShouldBe(Dollars("30.00"));
        End(after).ShouldBeAlreadySo();
        Due(after, 9).ShouldBeAlreadySo();
        End(state, reason: " ").ShouldRefuse(Refusal.ReasonMissing);
        ExpireCredit.Decide(new ExpireCredit.Command(OtherTenant, Usd, Id("a"), Ask()), state, Now)
            .ShouldRefuse(Refusal.NotFound);
        End(CreditState.New).ShouldRefuse(Refusal.NotFound);
    }

    [Test]
    public void a_spent_grant_cannot_be_taken_back()
    {
        var state = With(("a", "30.00", null));

        End(state.Evolve(Apply(state).ShouldRecord().Single().Recorded))
            .ShouldRefuse(Refusal.NothingLeft, Usd100("0"));
    }

    private static CreditState With(params (string Id, string Money, int? Days)[] grants) => grants.Aggregate(
        CreditState.New, (state, grant) => state.Evolve(Grant(
                state, grant.Id, grant.Money, grant.Days is { } days ? Now.AddDays(days) : null)
            .ShouldRecord().Single().Recorded));

    private static Decision Grant(CreditState state, string id, string money, DateTimeOffset? expires = null) =>
        GrantCredit.Decide(new(Tenant, Id(id), Dollars(money), Ask(), expires), state, Now);

    private static Decision Apply(
        CreditState state, InvoiceState? invoice = null, string id = "apply", string? money = null) =>
        ApplyCredit.Decide(
            new(Tenant, Invoice, Id(id), Ask(), money is null ? null : Dollars(money)), state, invoice ?? Owes50, Now);

    private static Decision Due(CreditState state, int days) =>
        ExpireCredit.Decide(new ExpireCredit.Due(Tenant, Usd, "ledger"), state, Now.AddDays(days));

    private static Decision End(CreditState state, string reason = "Mistake") =>
        ExpireCredit.Decide(new ExpireCredit.Command(Tenant, Usd, Id("a"), Ask("end", reason)), state, Now);
}
