using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using static Billing.Ledger.Tests.Given;
using LineKind = Billing.Ledger.Events.LineKind;

namespace Billing.Ledger.Tests;

/// <summary>Usage of 100.005, which is 100.00 in cents, less 10, tax 18; and a correction of −20, tax −4.</summary>
public class InvoiceTests
{
    private static readonly LineId Usage = LineIds.Of(Invoice, Contracts.Invoices.LineKind.Usage, Meter, March);
    private static readonly LineId Back = LineIds.Of(Invoice, Contracts.Invoices.LineKind.Correction, null, April);
    private static readonly PeriodGuard Closed = new(PeriodStatus.Closed, 1, Usd100("80.005"));

    private static readonly IssuedLine[] Lines =
    [
        new(Usage, LineKind.Usage, Usd100("100.005"), Dollars("100.00"), Dollars("10.00"), Dollars("18.00"), Meter),
        new(
            Back, LineKind.Correction, Usd100("-20"), Dollars("-20.00"), Dollars("0.00"), Dollars("-4.00"),
            Serves: April),
    ];

    private static readonly IssueInvoice.Command Command = new(
        Tenant, Invoice, "T1-000042", InMarch, 1, Now.AddDays(14), Lines, Dollars("84.00"),
        From("invoicing", "invoice", Now.AddMinutes(-1)));

    private static InvoiceState State => After(null!, Issue(Command));

    [Test]
    public void an_invoice_is_booked_once_and_issues_its_period()
    {
        var append = Issue(Command).ShouldRecord().Single();
        var issued = append.Event.ShouldBeOfType<InvoiceIssued>();

        append.Stream.ShouldBe(new StreamId.Invoice(Tenant, Invoice));
        (issued.Number, issued.Total, issued.Lines).ShouldBe(("T1-000042", Dollars("84.00"), Lines));
        (issued.Origin.EffectiveAt, issued.Origin.RecordedAt).ShouldBe((Now.AddMinutes(-1), Now));
        Closed.Evolve(issued).ShouldBe(Closed with { Status = PeriodStatus.Issued, Invoice = Invoice });
        IssueInvoice.Decide(Command, State, Closed.Evolve(issued), Now).ShouldBeAlreadySo();
        IssueInvoice.Decide(Command with { Number = "T1-000043" }, State, Closed.Evolve(issued), Now)
            .ShouldRefuse(Refusal.KeyReused);
    }

    [Test]
    public void an_invoice_is_the_document_of_the_close_that_stands()
    {
        Issue(Command, PeriodGuard.New).ShouldRefuse(Refusal.PeriodNotClosed);
        Issue(Command, Closed with { Status = PeriodStatus.Issued }).ShouldRefuse(Refusal.PeriodIssued);
        Issue(Command, Closed with { CloseNumber = 2 }).ShouldRefuse(Refusal.CloseNumberDiffers);
        Issue(Command, Closed with { ClosedSum = Usd100("80") }).ShouldRefuse(Refusal.SumDiffers, Usd100("80"));
    }

    [Test]
    public void an_invoice_adds_up()
    {
        Issue(Command with { Total = Dollars("84.01") }).ShouldRefuse(Refusal.DoesNotAddUp);
        Issue(Command with { Lines = [Lines[0], Lines[0]] }).ShouldRefuse(Refusal.DoesNotAddUp);
        Issue(Change(line => line with { Rounded = Dollars("100.01") }, "84.01")).ShouldRefuse(Refusal.DoesNotAddUp);
        Issue(Change(line => line with { Discount = Dollars("-1.00") }, "95.00")).ShouldRefuse(Refusal.DoesNotAddUp);
        Issue(Change(line => line with { Discount = Dollars("100.00") }, "-6.00")).ShouldRefuse(Refusal.DoesNotAddUp);
        Issue(Change(line => line with { Tax = Text.Read<Money>("18 XOF") }, "84.00"))
            .ShouldRefuse(Refusal.DoesNotAddUp);
        Issue(Change(line => line with { Line = new(Id("own")) }, "84.00")).ShouldRefuse(Refusal.LineIdDiffers);
        Issue(Change(line => line with { Serves = April }, "84.00")).ShouldRefuse(Refusal.LineIdDiffers);
    }

    [Test]
    public void a_credit_note_rounds_what_all_of_them_take_off()
    {
        var state = State; // 90.005 is left, which is 90.00 in cents
        var first = CreditNote(state, "a", "0.005").ShouldRecord<CreditNoteIssued>();
        state = After(state, CreditNote(state, "a", "0.005"));
        var second = CreditNote(state, "b", "0.005").ShouldRecord<CreditNoteIssued>();
        state = After(state, CreditNote(state, "b", "0.005"));
        var rest = CreditNote(state, "c", "89.995").ShouldRecord<CreditNoteIssued>();

        (first.Lines[0].Rounded, first.Lines[0].Tax, first.Total)
            .ShouldBe((Dollars("0.00"), Dollars("0.00"), Dollars("0.00")));
        (second.Lines[0].Rounded, second.Total).ShouldBe((Dollars("0.01"), Dollars("0.01")));
        (rest.Lines[0].Rounded, rest.Lines[0].Tax).ShouldBe((Dollars("89.99"), Dollars("18.00")));
        CreditNote(After(state, CreditNote(state, "c", "89.995")), "d", "0.01")
            .ShouldRefuse(Refusal.NothingLeft, Usd100("0"));
    }

    [Test]
    public void a_credit_note_is_asked_once_and_for_what_is_left()
    {
        var after = After(State, CreditNote(State, "a", "30"));

        CreditNote(after, "a", "30").ShouldBeAlreadySo();
        CreditNote(after, "a", "31").ShouldRefuse(Refusal.KeyReused);
        CreditNote(after, "b", "60.006").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("60.005"));
        after.LeftToPay.ShouldBe(Dollars("48.00")); // 84 − 30 − 6 of tax
    }

    [Test]
    public void a_credit_note_names_lines_that_something_can_be_taken_off()
    {
        CreditNote(State, "a", "0").ShouldRefuse(Refusal.AmountNotPositive);
        Credit(State, "a").ShouldRefuse(Refusal.NothingChanges);
        Credit(State, "a", On(Usage, "1"), On(Usage, "1")).ShouldRefuse(Refusal.DoesNotAddUp);
        Credit(State, "a", On(new(Id("own")), "1")).ShouldRefuse(Refusal.NoSuchLine);
        Credit(State, "a", new CreditInvoice.Asked(Usage, Text.Read<Amount>("1 XOF")))
            .ShouldRefuse(Refusal.CurrencyDiffers);
        Credit(State, "a", On(Back, "1")).ShouldRefuse(Refusal.NothingLeft, Usd100("0"));
    }

    [Test]
    public void an_ask_before_its_invoice_waits_and_one_of_another_tenant_is_refused()
    {
        var wait = Decision.WaitFor(Missing.Invoice, Invoice.ToString());

        CreditInvoice.Decide(new(Tenant, Invoice, new(Id("a")), [], Ask()), null, Now).ShouldBe(wait);
        VoidInvoice.Decide(new(Tenant, Invoice, new(Id("a")), Ask()), null, Now).ShouldBe(wait);
        VoidInvoice.Decide(new(OtherTenant, Invoice, new(Id("a")), Ask()), State, Now).ShouldRefuse(Refusal.NotFound);
    }

    [Test]
    public void a_void_takes_off_all_that_is_left_of_every_line()
    {
        var credited = After(State, CreditNote(State, "a", "30"));
        var note = Void(credited).ShouldRecord<CreditNoteIssued>();
        var after = After(credited, Void(credited));

        note.IsVoid.ShouldBeTrue();
        note.Lines.Select(line => (line.Line, line.Exact, line.Rounded, line.Tax)).ShouldBe(
        [
            (Usage, Usd100("60.005"), Dollars("60.00"), Dollars("12.00")),
            (Back, Usd100("-20"), Dollars("-20.00"), Dollars("-4.00")),
        ]);
        (after.Balance, after.IsVoid).ShouldBe((Dollars("0.00"), true));
    }

    [Test]
    public void there_is_one_void()
    {
        var after = After(State, Void(State));

        Void(after).ShouldBeAlreadySo();
        Void(after, "another").ShouldRefuse(Refusal.AlreadyVoided);
        CreditNote(after, "void", "1").ShouldRefuse(Refusal.KeyReused);
        CreditNote(after, "b", "1").ShouldRefuse(Refusal.AlreadyVoided);
    }

    [Test]
    public void a_void_leaves_what_corrections_took_off_already()
    {
        var marked = State.Evolve(new(Id("mark"), new LineCorrected(
            Tenant, Invoice, Usage, Charge, Usd100("-40"), FromPricing(Now))));

        var note = Void(marked).ShouldRecord<CreditNoteIssued>();

        // 50.005 of 90.005 rounds to the even 50.00; tax is 18 × 50 / 90.
        (note.Lines[0].Exact, note.Lines[0].Rounded, note.Lines[0].Tax)
            .ShouldBe((Usd100("50.005"), Dollars("50.00"), Dollars("10.00")));
    }

    // Half-even rounds 2.5 to 2 and 1.5 to 2, so a discounted line cannot be rounded again from what is left.
    [Property(MaxTest = 500)]
    public void parts_of_a_line_add_up_to_the_line(long exact, byte discount, ushort[] parts)
    {
        var amount = Amount.FromTrillionths(
            (Int128)Math.Abs(exact % 100_000_000) * 100_000_001 + 1_000_000_000_000, Usd);
        var rounded = Rounding.ToMinorUnitsHalfEven(amount);
        var less = new Money(rounded.MinorUnits * (discount % 100) / 100, Usd);
        var tax = new Money((rounded - less).MinorUnits / 5, Usd);
        var line = LineState.Of(new(Usage, LineKind.Usage, amount, rounded, less, tax, Meter));

        var (sum, all) = (Dollars("0.00"), Dollars("0.00"));
        foreach (var share in line.Left.Allocate([.. parts.Select(part => (long)part), 1]))
        {
            var credited = line.Credit(share);
            credited.Rounded.MinorUnits.ShouldBeGreaterThanOrEqualTo(0);
            credited.Tax.MinorUnits.ShouldBeGreaterThanOrEqualTo(0);
            (sum, all, line) = (sum + credited.Rounded, all + credited.Tax, line.Evolve(credited));
            (sum <= rounded - less).ShouldBeTrue();
        }

        (sum, all, line.Left).ShouldBe((rounded - less, tax, Usd100("0")));
    }

    [TestCase(Contracts.Invoices.LineKind.Usage, "c30d5cde-76b9-8e98-aeae-05fd4a9bbb82")]
    [TestCase(Contracts.Invoices.LineKind.Fee, "969154bc-e947-8dfb-8082-b255c6b10a4b")]
    [TestCase(Contracts.Invoices.LineKind.Proration, "01e60c0b-eac0-8693-8fdb-27edef1f0b9f")]
    [TestCase(Contracts.Invoices.LineKind.TrueUp, "7a60d8ed-14a4-899b-98d8-93659bd834e8")]
    [TestCase(Contracts.Invoices.LineKind.Correction, "0ff54a07-7662-8946-b455-9dd7eb213993")]
    public void line_ids_never_change(Contracts.Invoices.LineKind kind, string id) =>
        LineIds.Of(Invoice, kind, Meter, March).ToString().ShouldBe(id);

    [Test]
    public void a_charge_is_on_the_line_of_its_kind()
    {
        LineIds.Of(Invoice, Contracts.Entries.ChargeKind.Merged, Meter, March).ShouldBe(Usage);
        LineIds.Of(Invoice, Contracts.Entries.ChargeKind.Fee, null, March).ShouldNotBe(
            LineIds.Of(Invoice, Contracts.Entries.ChargeKind.TrueUp, null, March));
        Enum.GetValues<Contracts.Entries.ChargeKind>().ShouldAllBe(kind =>
            LineIds.Of(Invoice, kind, Meter, March) == LineIds.Of(Invoice, LineIds.KindOf(kind), Meter, March));
    }

    private static IssueInvoice.Command Change(Func<IssuedLine, IssuedLine> change, string total) =>
        Command with { Lines = [change(Lines[0]), Lines[1]], Total = Dollars(total) };

    private static Decision Issue(IssueInvoice.Command command, PeriodGuard? guard = null) =>
        IssueInvoice.Decide(command, null, guard ?? Closed, Now);

    private static Decision CreditNote(InvoiceState state, string note, string amount) =>
        Credit(state, note, On(Usage, amount));

    private static CreditInvoice.Asked On(LineId line, string amount) => new(line, Usd100(amount));

    private static Decision Credit(InvoiceState state, string note, params CreditInvoice.Asked[] asked) =>
        CreditInvoice.Decide(new(Tenant, Invoice, new(Id(note)), asked, Ask()), state, Now);

    private static Decision Void(InvoiceState state, string note = "void") =>
        VoidInvoice.Decide(new(Tenant, Invoice, new(Id(note)), Ask()), state, Now);

    private static InvoiceState After(InvoiceState before, Decision decision) => decision.ShouldRecord().Single() switch
    {
        { Event: InvoiceIssued issued } => InvoiceState.Of(issued),
        var append => before.Evolve(append.Recorded),
    };
}
