using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;
using FsCheck;
using FsCheck.Fluent;

namespace Billing.Pricing.Tests.Rating;

/// <summary>A month of one meter: what was in force at its start, and all that then happened, in order.</summary>
public sealed record Story(MeterSetV1 Meter, IReadOnlyList<object> Start, IReadOnlyList<Arrival> Arrivals)
{
    public IReadOnlyList<object> Facts => [.. Start, .. Arrivals.OfType<Arrival.Changed>().Select(changed => changed.Fact)];

    /// <summary>What was used and not taken back.</summary>
    public IReadOnlyList<Use> Left
    {
        get
        {
            var canceled = Arrivals.OfType<Arrival.Canceled>().Select(cancel => (cancel.Event, cancel.Revision)).ToHashSet();
            return [.. Arrivals.OfType<Arrival.Used>().Select(used => used.Use)
                .Where(use => !canceled.Contains((use.Event, use.Revision)))];
        }
    }

    public bool IsClosed => Arrivals.OfType<Arrival.Closed>().Any();

    public override string ToString() => string.Join('\n',
        [Meter.ToString(), .. Start.Select(fact => $"start: {fact}"), .. Arrivals.Select(arrival => arrival.ToString())]);
}

public static class Stories
{
    public static readonly BillingPeriod March = new(At(3, 1, 0), At(4, 1, 0));

    private static readonly TenantId Tenant = TenantId.Of("t1");
    private static readonly SubscriptionId Subscription = SubscriptionId.Of("s1");
    private static readonly MeterId Meter = MeterId.Of("tokens");
    private static readonly PlanId[] Plans = [PlanId.Of("small"), PlanId.Of("big")];
    private static readonly DecisionV1 Decision = new("test", At(1, 1, 0), "story");

    public static Arbitrary<Story> ForStory() => Make.ToArbitrary();

    private static Gen<DateTimeOffset> Moments { get; } =
        from day in Gen.Choose(1, 31)
        from hour in Gen.Choose(0, 23)
        from microsecond in Gen.Choose(0, 2_000_000)
        select At(3, day, hour).AddMicroseconds(microsecond);

    private static Gen<Quantity> Quantities { get; } = Gen.Frequency(
        (8, Gen.Choose(0, 400).Select(units => Quantity.From(units))),
        (2, Gen.Choose(1, int.MaxValue).Select(billionths => Quantity.FromBillionths(billionths))),
        (1, Gen.Choose(-100, -1).Select(units => Quantity.From(units))));

    private static Gen<Quantity> Measured(MeterSetV1 meter) =>
        meter.Aggregation == Aggregation.Count ? Gen.Constant(Quantity.One) : Quantities;

    private static Gen<Story> Make { get; } =
        from currency in Generators.Currencies
        from aggregation in Gen.Elements(Enum.GetValues<Aggregation>())
        let meter = new MeterSetV1(
            Meter, "tokens.used", "token", aggregation, ["model"], Decision, aggregation == Aggregation.Count ? null : "n")
        from plans in Gen.Choose(0, 500).Two()
        from starts in Gen.Frequency((3, Gen.Constant(At(1, 1, 0))), (1, Moments))
        from trial in Gen.Frequency((4, Gen.Constant<DateTimeOffset?>(null)), (1, Moments.Select(at => (DateTimeOffset?)at)))
        let sub = new SubscriptionSetV1(
            Subscription, Tenant, Plans[0], "FR", currency, PeriodAnchor.CalendarMonth, "Etc/UTC", starts, Decision,
            TrialUntil: trial > starts ? trial : null)
        from first in Rule(meter, currency, 0)
        from isPricedFirst in Gen.Frequency((4, Gen.Constant(true)), (1, Gen.Constant(false)))
        let start = (object[])
        [
            Plan(Plans[0], 1, At(1, 1, 0), plans.Item1, meter), Plan(Plans[1], 1, At(1, 1, 0), plans.Item2, meter), sub,
            .. First(first, isPricedFirst),
        ]
        from changes in Changes(meter, sub, isPricedFirst)
        from uses in Uses(meter, sub.From)
        from cancels in Gen.Choose(0, 3).ArrayOf(uses.Length)
        from closes in Gen.Choose(0, 3)
        from order in Gen.Choose(0, int.MaxValue).ArrayOf(uses.Length * 3 + 12)
        select new Story(meter, start, Order(uses, cancels, changes, closes == 0, order));

    private static object[] First(PriceRulePublishedV1 rule, bool isPriced) =>
        isPriced ? [rule with { From = At(1, 1, 0), Until = null }] : [];

    private static Gen<Use[]> Uses(MeterSetV1 meter, DateTimeOffset earliest)
    {
        var use =
            from at in Moments
            from quantity in Measured(meter)
            from distinct in Gen.Choose(0, 6)
            from dimension in Gen.Elements("large", "small", "")
            from isReported in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
            select new Use(
                new("//test", "x"), 0, at < earliest ? earliest : at, isReported ? UsageScope.OverLimit : UsageScope.Whole, quantity,
                meter.Aggregation == Aggregation.Unique ? $"v{distinct}" : null,
                dimension.Length == 0 ? Properties.None : new([new("model", dimension)]));
        return from count in Gen.Choose(0, 25)
               from uses in use.ArrayOf(count)
               select uses.Select((one, index) => one with { Event = new("//test", $"e{index:00}") }).ToArray();
    }

    // 0 of 3: canceled; 1: amended to another quantity; else left alone.
    private static List<Arrival> Order(Use[] uses, int[] cancels, object[] changes, bool closes, int[] order)
    {
        var arrivals = new List<Arrival>();
        for (var index = 0; index < uses.Length; index++)
        {
            arrivals.Add(new Arrival.Used(uses[index]));
            if (cancels[index] > 1) continue;

            arrivals.Add(new Arrival.Canceled(uses[index].Event, 0));
            if (cancels[index] == 1)
                arrivals.Add(new Arrival.Used(uses[index] with { Revision = 1, Quantity = uses[index].Quantity + Quantity.From(3) }));
        }

        if (closes) arrivals.Add(new Arrival.Closed());

        // From the last one on, each before the one behind it.
        var before = arrivals.Count;
        for (var number = changes.Length - 1; number >= 0; number--)
        {
            before = order[number] % (before + 1);
            arrivals.Insert(before, new Arrival.Changed(number, changes[number]));
        }

        return arrivals;
    }

    private static Gen<object[]> Changes(MeterSetV1 meter, SubscriptionSetV1 sub, bool hasFirst) =>
        from count in Gen.Choose(0, 5)
        from made in Gen.OneOf(
                Gen.Choose(0, 3).SelectMany(rule => Rule(meter, sub.Currency, rule)).Select(rule => (object)rule),
                Moments.Zip(Gen.Choose(0, 500), (at, included) => (object)Plan(Plans[included % 2], 0, at, included, meter)),
                Moments.Zip(Gen.Choose(0, 1), (at, plan) => (object)(sub with { Plan = Plans[plan], From = at })),
                Moments.Zip(Gen.Elements(OverageSource.Reported, OverageSource.Computed), (at, source) =>
                    (object)new OverageSourceSetV1(Tenant, Meter, source, at, Decision)),
                Moments.Zip(Gen.Choose(0, 700), (at, included) => (object)Agreed(at, included, meter)),
                Moments.Zip(Gen.Choose(0, 3), (at, rule) => (object)new PriceRuleRetiredV1(Name(rule), at, Decision)))
            .ArrayOf(count)
        select Legal(made, sub, hasFirst).ToArray();

    // Versions count up, subscription changes and sources go forward, and what is retired stays so.
    private static IEnumerable<object> Legal(object[] made, SubscriptionSetV1 sub, bool hasFirst)
    {
        var versions = new Dictionary<string, int> { ["small"] = 1, ["big"] = 1 };
        if (hasFirst) versions[Name(0).ToString()] = 1;
        var retired = new HashSet<PriceRuleId>();
        var (lastSub, lastSource) = (sub.From, DateTimeOffset.MinValue);
        foreach (var fact in made)
        {
            switch (fact)
            {
                case PriceRulePublishedV1 rule when !retired.Contains(rule.Rule):
                    yield return rule with { Version = Next(versions, rule.Rule.ToString()) };
                    break;
                case PlanPublishedV1 plan:
                    yield return plan with { Version = Next(versions, plan.Plan.ToString()) };
                    break;
                case SubscriptionSetV1 set when set.From > lastSub:
                    lastSub = set.From;
                    yield return set;
                    break;
                case OverageSourceSetV1 set when set.From > lastSource:
                    lastSource = set.From;
                    yield return set;
                    break;
                case TenantAllowanceSetV1 set:
                    yield return set with { Version = Next(versions, $"agreed {set.Plan}") };
                    break;
                case PriceRuleRetiredV1 end when versions.ContainsKey(end.Rule.ToString()) && retired.Add(end.Rule):
                    yield return end;
                    break;
            }
        }
    }

    private static int Next(Dictionary<string, int> versions, string name) =>
        versions[name] = versions.GetValueOrDefault(name) + 1;

    // 0: for all; 1: for one plan; 2: for one value of a dimension, or the other plan where a level has no dimensions;
    // 3: for this tenant in its country. Publishing allows no two rules for the same usage, so neither does a story.
    private static Gen<PriceRulePublishedV1> Rule(MeterSetV1 meter, Currency currency, int rule) =>
        from model in meter.Aggregation == Aggregation.Sum
            ? Gen.Frequency((4, Generators.Models(currency)), (1, Generators.Percentages(currency).Select(m => (PriceModelV1)m)))
            : Generators.Models(currency)
        from minimum in Gen.Frequency((3, Gen.Constant<Amount?>(null)), (1, Gen.Choose(0, 500).Select(a => (Amount?)Amount.From(a, currency))))
        from cap in Gen.Frequency((3, Gen.Constant<Amount?>(null)), (1, Gen.Choose(500, 5_000).Select(a => (Amount?)Amount.From(a, currency))))
        from at in Moments
        from until in Gen.Frequency((3, Gen.Constant<DateTimeOffset?>(null)), (1, Moments.Select(m => (DateTimeOffset?)m)))
        let isPlain = meter.Aggregation == Aggregation.WeightedSum
        select new PriceRulePublishedV1(
            Name(rule), 1, Meter, currency, model, at, Decision,
            Plan: rule == 1 ? Plans[1] : rule == 2 && isPlain ? Plans[0] : null,
            Country: rule == 3 ? "FR" : null,
            Tenant: rule == 3 ? Tenant : null,
            Until: until > at ? until : null,
            MinimumCommitment: minimum, MaximumCap: cap,
            Where: rule == 2 && !isPlain ? new([new("model", "large")]) : null);

    private static PriceRuleId Name(int rule) => PriceRuleId.Of($"rule-{rule}");

    // Less is included where uses do not add up or each counts one, so that something is left to charge.
    private static PlanPublishedV1 Plan(PlanId plan, int version, DateTimeOffset from, int included, MeterSetV1 meter)
    {
        var units = meter.Aggregation switch
        {
            Aggregation.Sum => included,
            Aggregation.Count or Aggregation.Unique => included / 100,
            _ => included / 5,
        };
        return new(plan, version, plan.ToString(), from, [], [new(Meter, Quantity.From(units))], Decision);
    }

    // For every plan, for one of them, or an end of what was agreed.
    private static TenantAllowanceSetV1 Agreed(DateTimeOffset from, int included, MeterSetV1 meter) => new(
        Tenant, Meter, 0, from, Decision,
        included < 100 ? null : Plan(Plans[0], 0, from, included - 100, meter).Included[0].Quantity,
        (included % 3) switch { 0 => null, 1 => Plans[0], _ => Plans[1] });

    private static DateTimeOffset At(int month, int day, int hour) => new(2026, month, day, hour, 0, 0, TimeSpan.Zero);
}
