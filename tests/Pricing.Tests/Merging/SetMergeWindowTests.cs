using System.Numerics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Merging;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Merging;

/// <summary>Which window a use falls into, and what its ratings come to.</summary>
public sealed class SetMergeWindowTests
{
    [TestCase("2026-03-10T10:20:30.5Z", MergeWindow.Minute, "2026-03-10T10:20:00Z", "2026-03-10T10:21:00Z")]
    [TestCase("2026-03-10T10:20:30.5Z", MergeWindow.Hour, "2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z")]
    [TestCase("2026-03-10T10:20:30.5Z", MergeWindow.Day, "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z")]
    [TestCase("2026-03-31T23:59:59.9Z", MergeWindow.Day, "2026-03-31T00:00:00Z", "2026-04-01T00:00:00Z")]
    public void a_window_is_whole_minutes_hours_or_days(string at, MergeWindow window, string start, string end) =>
        SetMergeWindow.WindowOf([Set(window)], At(at), March).ShouldBe(new(At(start), At(end)));

    [Test]
    public void a_window_ends_with_the_period_and_begins_with_it()
    {
        var period = new BillingPeriod(At("2026-03-09T22:30:00Z"), At("2026-04-09T22:30:00Z"));

        SetMergeWindow.WindowOf([Set(MergeWindow.Day)], At("2026-03-09T23:00:00Z"), period)
            .ShouldBe(new(At("2026-03-09T22:30:00Z"), At("2026-03-10T00:00:00Z")));
        SetMergeWindow.WindowOf([Set(MergeWindow.Day)], At("2026-04-09T22:29:59Z"), period)
            .ShouldBe(new(At("2026-04-09T00:00:00Z"), At("2026-04-09T22:30:00Z")));
    }

    [Test]
    public void nothing_is_merged_unless_it_was_said()
    {
        SetMergeWindow.WindowOf([], Now, March).ShouldBeNull();
        SetMergeWindow.WindowOf([Set(MergeWindow.Hour, "2026-03-16T00:00:00Z")], Now, March).ShouldBeNull();
        SetMergeWindow.WindowOf([Set(MergeWindow.Hour), Set(MergeWindow.None, "2026-03-15T00:00:00Z")], Now, March)
            .ShouldBeNull();
    }

    [Test]
    public void changes_go_forward_and_what_is_so_already_is_no_change()
    {
        var state = CatalogOf(Set(MergeWindow.Hour, "2026-03-15T00:00:00Z"));

        SetMergeWindow.Decide(new(Tenant, MergeWindow.Hour, Now, Ada), state, Now).ShouldBe(CatalogDecision.AlreadySo);
        SetMergeWindow.Decide(new(Tenant, MergeWindow.None, Now, Ada), CatalogOf(), Now)
            .ShouldBe(CatalogDecision.AlreadySo);
        Refusals(SetMergeWindow.Decide(new(Tenant, MergeWindow.Day, At("2026-03-15T00:00:00Z"), Ada), state, Now))
            .ShouldBe(["changes-go-forward"]);
        Refusals(SetMergeWindow.Decide(
            new(TenantId.Of("nobody"), (MergeWindow)9, Now, new("", "")), CatalogOf(), Now))
            .ShouldBe(["actor-missing", "reason-missing", "unknown-tenant", "unknown-window"]);
        SetMergeWindow.Decide(new(Tenant, MergeWindow.Day, Now, Ada), state, Now)
            .ShouldBeOfType<CatalogDecision.Accepted>().Facts
            .ShouldBe([new MergeWindowSetV1(Tenant, MergeWindow.Day, Now, Ada.At(Now))]);
    }

    /// <summary>However uses are spread over windows, the charges come to what the single ratings do.</summary>
    [Property(MaxTest = 200)]
    public void any_window_gives_the_same_total_as_none(int[] minutes, int[] trillionths, int seed)
    {
        var set = Set((MergeWindow)(1 + (seed & int.MaxValue) % 3));
        var uses = minutes.Zip(trillionths).Select((use, place) => Rated(
            $"{place}", March.Start.AddMinutes((use.First & int.MaxValue) % (31 * 24 * 60)), use.Second)).ToList();

        var charges = uses
            .Select(use => new MergePart(
                RatingIds.Use(use.Event, 0, Meter), SetMergeWindow.WindowOf([set], use.UsedAt, March)!, use))
            .GroupBy(part => part.Window).SelectMany(window => MergeRatings.Decide([.. window])).ToList();

        charges.Aggregate(BigInteger.Zero, (sum, charge) => sum + (BigInteger)charge.Fact.Amount.Trillionths)
            .ShouldBe(trillionths.Take(minutes.Length).Aggregate(BigInteger.Zero, (sum, one) => sum + one));
        charges.SelectMany(charge => charge.Fact.Facts).ShouldBe(
            uses.Select(use => RatingIds.Use(use.Event, 0, Meter)), ignoreOrder: true);
        charges.Select(charge => charge.Id).ShouldBeUnique();
        charges.ShouldAllBe(charge => charge.Fact.Facts.Count == (int)charge.Fact.Quantity.ToDecimal());
    }

    private static UseRatedV1 Rated(string id, DateTimeOffset at, long trillionths) => new(
        Tenant, new("//test", id), 0, Meter, March, at, Units(1),
        Amount.FromTrillionths(trillionths, Currency.Of("USD")), new([]), Sub);

    private static MergeWindowSetV1 Set(MergeWindow window, string from = "2026-01-01T00:00:00Z") =>
        new(Tenant, window, At(from), Decision);

    private static IEnumerable<string> Refusals(CatalogDecision decision) =>
        decision.ShouldBeOfType<CatalogDecision.Refused>().Refusals.Select(refusal => refusal.Type);
}
