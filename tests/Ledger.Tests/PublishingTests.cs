using Billing.Contracts;
using Billing.Contracts.Entries;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

public class PublishingTests
{
    private static readonly Type[] NotPublished =
    [
        typeof(InvoiceIssued), typeof(PaymentReceived), typeof(PaymentFailed), typeof(PaymentDisputed),
        typeof(RefundIssued), typeof(LineCorrected), typeof(WrittenOff),
    ];

    private static IEnumerable<TestCaseData> Events => Samples.All.Select(sample =>
        new TestCaseData(sample).SetArgDisplayNames(EventNames.Of(sample.GetType())));

    [TestCaseSource(nameof(Events))]
    public void every_event_is_published_or_is_said_not_to_be(LedgerEvent happened)
    {
        var message = Publish(happened);

        (message is null).ShouldBe(NotPublished.Contains(happened.GetType()));
        if (message is not null) ContractsJson.Read(message.GetType(), ContractsJson.Write(message)).ShouldNotBeNull();
    }

    [Test]
    public void every_kind_of_entry_is_published() => Samples.All.Select(Publish).OfType<object>()
        .Select(message => message.GetType()).ShouldBe(
            WireNames.All.Values.Where(type => type.Namespace == typeof(ChargePostedV1).Namespace), ignoreOrder: true);

    [Test]
    public void an_unknown_event_stops_the_publishing() =>
        Should.Throw<NotSupportedException>(() => Publish(new Unheard()));

    [Test]
    public void a_charge_says_where_it_is_booked_and_what_it_serves() => Publish(Posted with
    {
        Booking = InApril,
        Serves = March,
    }).ShouldBe(new ChargePostedV1(
        Tenant, new(April, Sub), Contracts.Entries.ChargeKind.Use, March, Usd100("100"),
        new(Posted.Origin.EffectiveAt, Now, "pricing", $"fact {Id("rating")}"), Meter, Quantity.From(50)));

    [Test]
    public void a_correction_is_named_by_its_event()
    {
        var moved = Samples.All.OfType<ChargeAdjusted>().Single();

        var message = Publish(moved).ShouldBeOfType<ChargeAdjustedV1>();

        (message.Charge, message.Correction, message.Amount, message.Quantity)
            .ShouldBe((Charge, Correction("event"), moved.Amount, moved.Units));
        (message.Origin.Cause, message.Origin.Reason).ShouldBe(("request key-1", "Why"));
    }

    [Test]
    public void a_refusal_is_a_stable_word() => Publish(Samples.All.OfType<AskRefused>().Single())
        .ShouldBeOfType<AskRefusedV1>().ShouldSatisfyAllConditions(
            message => message.Refusal.ShouldBe("above-what-is-left"),
            message => message.Left.ShouldBe(Dollars("12.34")));

    [Test]
    public void kinds_of_the_store_and_of_the_wire_are_the_same() =>
        Enum.GetNames<Ledger.Events.ChargeKind>().ShouldBe(Enum.GetNames<Contracts.Entries.ChargeKind>());

    private static object? Publish(LedgerEvent happened) => Publishing.Of(new(Id("event"), happened));

    private sealed record Unheard() : LedgerEvent(Given.Tenant, FromPricing(Given.Now));
}
