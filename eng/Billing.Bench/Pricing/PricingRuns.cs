using System.Diagnostics;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;

namespace Billing.Bench.Pricing;

/// <summary>
/// What rating one event costs, beside a bare loop that multiplies and rounds decimals: in turn, so that both
/// meet the same state of the machine, and with the same money at the end.
/// </summary>
internal static class PricingRuns
{
    private const int Mask = PricingWorld.Count - 1;
    private static readonly TimeSpan Warm = TimeSpan.FromMilliseconds(700);

    /// <param name="Nanoseconds">For each event, the median of all pairs.</param>
    /// <param name="TimesBare">The median of each pair's own quotient.</param>
    /// <param name="Aim">At most this many times the bare loop; null: none is set.</param>
    internal sealed record Figure(
        string What, double Nanoseconds, double TimesBare, long BytesPerEvent, decimal Money,
        decimal MoneyExpected, double? Aim, bool IsSound);

    private sealed record Work(string What, Func<int, decimal> Run, Func<int, decimal> Expected, double? Aim);

    public static IReadOnlyList<Figure> Measure(int events, int pairs, Report report)
    {
        var world = new PricingWorld();
        Work bare = new("bare multiply and round", world.Bare, world.Bare, null);
        Work[] works =
        [
            new("price look-up, four levels", world.LookUp, _ => 0, null),
            new("look-up and per unit", world.PerUnit, world.Bare, 8),
            new("five graduated tiers", world.FiveTiers, world.TiersByHand, 10),
            new("five tiers by hand, decimals", world.TiersByHand, world.TiersByHand, null),
            new("into its period, trace kept", world.IntoPeriod, world.PeriodByHand, null),
            new("the same, as a message", world.AsMessage, world.PeriodByHand, null),
        ];
        if (IsOptimized) foreach (var work in works.Append(bare)) WarmUp(work);

        var figures = works.Select(work => Compare(work, bare, events, pairs)).ToList();
        report.Pricing(events, pairs, figures);
        return figures;
    }

    /// <summary>Aims are for optimized builds.</summary>
    internal static bool IsOptimized => !typeof(PeriodTotal).Assembly
        .GetCustomAttributes(typeof(DebuggableAttribute), false).OfType<DebuggableAttribute>()
        .Any(how => how.IsJITOptimizerDisabled);

    private static Figure Compare(Work work, Work bare, int events, int pairs)
    {
        var (times, quotients, bytes) = (new List<double>(), new List<double>(), new List<long>());
        var (money, isSound) = (0m, true);
        for (var pair = 0; pair < pairs; pair++)
        {
            // Whoever comes first finds colder caches, so it is not always the same one.
            var first = Time(pair % 2 == 0 ? bare : work, events);
            var second = Time(pair % 2 == 0 ? work : bare, events);
            var (own, other) = pair % 2 == 0 ? (second, first) : (first, second);
            (money, isSound) = (own.Money, isSound && own.Money == work.Expected(events));
            times.Add(own.Nanoseconds);
            quotients.Add(own.Nanoseconds / other.Nanoseconds);
            bytes.Add(own.Bytes);
        }

        return new(
            work.What, Median(times), Median(quotients), bytes.Min(), money, work.Expected(events), work.Aim,
            isSound);
    }

    private static (double Nanoseconds, long Bytes, decimal Money) Time(Work work, int events)
    {
        GC.Collect();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var began = Stopwatch.GetTimestamp();
        var money = work.Run(events);
        var took = Stopwatch.GetElapsedTime(began);
        return (
            took.TotalNanoseconds / events,
            (GC.GetAllocatedBytesForCurrentThread() - allocated) / events, money);
    }

    // The runtime compiles what is called often a second time, in the background, and better.
    private static void WarmUp(Work work)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Warm) work.Run(PricingWorld.Count);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    extension(PricingWorld world)
    {
        private decimal Bare(int events)
        {
            var sum = 0m;
            for (var one = 0; one < events; one++)
                sum += decimal.Round(
                    world.Plain[one & Mask] * PricingWorld.UnitPrice, Amount.Decimals, MidpointRounding.ToEven);
            return sum;
        }

        private decimal LookUp(int events)
        {
            for (var one = 0; one < events; one++)
                if (!world.Book.TryFind(world.Scope, PricingWorld.Now, null, out var match)
                    || match.Level != PriceLevel.Meter)
                    return -1;
            return 0;
        }

        private decimal PerUnit(int events)
        {
            var sum = Int128.Zero;
            for (var one = 0; one < events; one++)
            {
                world.Book.TryFind(world.Scope, PricingWorld.Now, null, out var match);
                var stretch = Stretch.Of(world.Quantities[one & Mask]);
                sum += UnitsPrice.Of(match.Rule.Model, stretch, null).ToAmount().Trillionths;
            }

            return Money(sum);
        }

        private decimal FiveTiers(int events)
        {
            var sum = Int128.Zero;
            for (var one = 0; one < events; one++)
            {
                var stretch = Stretch.Of(world.HighQuantities[one & Mask]);
                sum += UnitsPrice.Of(world.Graduated, stretch, null).ToAmount().Trillionths;
            }

            return Money(sum);
        }

        private decimal TiersByHand(int events)
        {
            var sum = 0m;
            for (var one = 0; one < events; one++) sum += Tiers(world.PlainHigh[one & Mask]);
            return sum;
        }

        private decimal IntoPeriod(int events)
        {
            var (total, tally) = (new PeriodTotal(), Tally.Empty(world.Terms));
            var sum = Int128.Zero;
            for (var one = 0; one < events; one++)
            {
                var rated = RateUse.Decide(world.Uses[one & Mask], world.Terms, tally, total);
                (tally, sum) = (rated.Tally, sum + rated.Amount.Trillionths);
            }

            return Money(sum);
        }

        private decimal AsMessage(int events)
        {
            var (total, tally) = (new PeriodTotal(), Tally.Empty(world.Terms));
            var sum = Int128.Zero;
            for (var one = 0; one < events; one++)
            {
                var use = world.Uses[one & Mask];
                var rated = RateUse.Decide(use, world.Terms, tally, total);
                var (_, fact) = RatingFacts.Used(use, world.Terms, rated, total.Sheet);
                (tally, sum) = (rated.Tally, sum + fact.Amount.Trillionths);
            }

            return Money(sum);
        }

        private decimal PeriodByHand(int events)
        {
            var units = 0m;
            for (var one = 0; one < events; one++) units += world.Plain[one & Mask];
            return Tiers(units);
        }
    }

    private static decimal Tiers(decimal units)
    {
        var price = 0m;
        for (var index = 0; index < PricingWorld.Tiers.Length; index++)
        {
            var (from, each) = PricingWorld.Tiers[index];
            if (from >= units) break;

            var end = index + 1 < PricingWorld.Tiers.Length
                ? Math.Min(PricingWorld.Tiers[index + 1].From, units)
                : units;
            price += (end - from) * each;
        }

        return decimal.Round(price, Amount.Decimals, MidpointRounding.ToEven);
    }

    private static decimal Money(Int128 trillionths) =>
        Amount.FromTrillionths(trillionths, Currency.Of("USD")).ToDecimal();
}
