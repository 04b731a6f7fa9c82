using System.Diagnostics;
using System.Reflection;
using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Prices;
using Billing.Pricing.Rating;
using Billing.Testbed;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Rating;

/// <summary>
/// Nanoseconds and bytes for each event, beside a bare loop that multiplies and rounds decimals in the same run. Printed,
/// and in a full run held to bounds.
/// </summary>
[NonParallelizable]
public class RatingSpeedTests
{
    private static readonly int Rounds = TestSize.Of(10_000, 200_000);

    private static readonly PriceModelV1.Graduated FiveTiers = new([.. Enumerable.Range(0, 5).Select(tier =>
        new TierV1(Units(tier * 1_000), Price($"0.0{9 - tier} USD")))]);

    private static readonly PlanPublishedV1 Free = PlanVersion() with { Plan = PlanId.Of("free") };

    // The level that matches is the last of four.
    private static readonly CatalogState Many = CatalogOf(
        [MeterSet(), PlanVersion(), Free, Subscribed(), Rule(PerUnit("0.00823 USD")), .. Others]);

    private static IEnumerable<object> Others => Enumerable.Range(0, 300).Select(number =>
        Rule(PerUnit("1 USD"), $"other-{number}") with
        {
            Plan = number % 3 == 0 ? PlanId.Of($"plan-{number}") : number % 3 == 1 ? Plan : null,
            Country = number % 3 == 0 ? null : $"{(char)('A' + number % 26)}{(char)('A' + number / 26)}",
            Meter = number < 20 ? Meter : MeterId.Of($"meter-{number}"),
        });

    [Test]
    public void four_level_look_up_and_per_unit_rating()
    {
        var book = Many.Prices;
        var scope = new PriceScope(Tenant, Meter, Currency.Of("USD"), Plan, "ZZ");

        var bare = Measure(Bare);
        var found = Measure(index => book.TryFind(scope, Now, null, out var match) && match.Level == PriceLevel.Meter ? index : -1);
        var rated = Measure(index =>
        {
            book.TryFind(scope, Now, null, out var match);
            return UnitsPrice.Of(match.Rule.Model, Stretch.Of(Units(index & 4095)), null).ToAmount().Trillionths > 0 ? 1 : 0;
        });

        Print("bare multiply and round", bare, bare);
        Print("four-level look-up", found, bare);
        Print("look-up and per unit", rated, bare);
        found.Bytes.ShouldBe(0);
        rated.Bytes.ShouldBeLessThanOrEqualTo(200);
        if (!IsTimed) return;

        found.Nanoseconds.ShouldBeLessThan(1_000);
        rated.Nanoseconds.ShouldBeLessThan(16 * bare.Nanoseconds);
    }

    [Test]
    public void five_graduated_tiers()
    {
        var bare = Measure(Bare);
        var rated = Measure(index =>
            UnitsPrice.Of(FiveTiers, Stretch.Of(Units(4_000 + (index & 1023))), null).ToAmount().Trillionths > 0 ? 1 : 0);

        Print("bare multiply and round", bare, bare);
        Print("five graduated tiers", rated, bare);
        rated.Bytes.ShouldBeLessThanOrEqualTo(200);
        if (IsTimed) rated.Nanoseconds.ShouldBeLessThan(20 * bare.Nanoseconds);
    }

    [Test]
    public void one_use_taken_into_its_period()
    {
        var terms = TermsFor(CatalogOf(MeterSet(), PlanVersion(1_000), Subscribed(), Rule(FiveTiers)));
        var (total, tally) = (new PeriodTotal { IsTraced = false }, Tally.Empty(terms));
        var traced = new PeriodTotal();
        var use = Used("1", 1);

        var bare = Measure(Bare);
        var taken = Measure(_ => (tally = RateUse.Decide(use, terms, tally, total).Tally).Taken);
        tally = Tally.Empty(terms);
        var told = Measure(_ => (tally = RateUse.Decide(use, terms, tally, traced).Tally).Taken);
        var fact = Measure(_ => RatingFacts.Used(use, terms, RateUse.Decide(use, terms, tally, traced), traced.Sheet).Fact.Revision);

        Print("use into tally, five tiers", taken, bare);
        Print("the same, sheet written", told, bare);
        Print("the same, as a message", fact, bare);
        tally.Taken.ShouldBeGreaterThan(Rounds);
        taken.Bytes.ShouldBeLessThanOrEqualTo(200);
        told.Bytes.ShouldBeLessThanOrEqualTo(200);
    }

    // Time is held to bounds in the full run of an optimized build only, where tests have the machine to themselves: the
    // aims are 8 and 10 times, twice that fails. In every run it is printed, and bytes are held to their bounds.
    private static bool IsTimed => IsOptimized && TestSize.Full;

    private static bool IsOptimized =>
        typeof(PriceBook).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    private static long Bare(int index) => decimal.Round((index & 4095) * 0.00823m, 2, MidpointRounding.ToEven) > 0 ? 1 : 0;

    private static (double Nanoseconds, long Bytes) Measure(Func<int, long> work)
    {
        WarmUp(work);
        var best = double.MaxValue;
        var bytes = long.MaxValue;
        for (var turn = 0; turn < 5; turn++)
        {
            long sum = 0;
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            for (var index = 0; index < Rounds; index++) sum += work(index);
            best = Math.Min(best, watch.Elapsed.TotalNanoseconds / Rounds);
            bytes = Math.Min(bytes, (GC.GetAllocatedBytesForCurrentThread() - allocated) / Rounds);
            sum.ShouldBeGreaterThanOrEqualTo(0);
        }

        return (best, bytes);
    }

    // The runtime compiles what is called often a second time, in the background, a tenth of a second after the last
    // new method came; until then it measures the first, slow form.
    private static void WarmUp(Func<int, long> work)
    {
        var watch = Stopwatch.StartNew();
        for (var index = 0; IsOptimized && watch.ElapsedMilliseconds < 600; index++) work(index);
    }

    private static void Print(string what, (double Nanoseconds, long Bytes) measured, (double Nanoseconds, long Bytes) bare) =>
        TestContext.Out.WriteLine(
            $"{what,-28} {measured.Nanoseconds,8:0.0} ns {measured.Nanoseconds / bare.Nanoseconds,6:0.0} x {measured.Bytes,5} bytes");
}
