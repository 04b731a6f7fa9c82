using System.Numerics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Tests.Rating;

/// <summary>
/// T(S) from scratch: reads raw catalog facts and raw uses, looks up every rule by brute force, and adds whole numbers
/// of any size. Shares no code with the product. Time zone UTC.
/// </summary>
internal sealed class RecountOracle(IReadOnlyList<object> facts, MeterSetV1 meter, BillingPeriod period)
{
    private static readonly BigInteger Trillionth = BigInteger.Pow(10, 9);
    private readonly Dictionary<string, LineState> lines = [];
    private BigInteger free;

    private static readonly Properties[] AllDimensions =
        [Properties.None, new([new("model", "large")]), new([new("model", "small")])];

    /// <summary>In 10^-12 of the currency.</summary>
    public BigInteger Total(IReadOnlyList<Use> uses, bool isAnswered)
    {
        var pieces = new List<(LineState Line, PriceRulePublishedV1 Rule, BigInteger From, BigInteger To, BigInteger Measured, BigInteger Fees)>();
        foreach (var (from, until) in Segments())
        {
            if (At(from) is not { } sub || sub.TrialUntil > from) continue;

            var scope = SourceAt(from) == OverageSource.Reported ? UsageScope.OverLimit : UsageScope.Whole;
            var here = uses.Where(use => use.Scope == scope && use.UsedAt >= from && use.UsedAt < until)
                .Select(use => (Use: use, Rule: RuleAt(from, use.Dimensions ?? Properties.None)))
                .Where(pair => pair.Rule is not null).ToList();
            var groups = here.GroupBy(pair => LineOf(pair.Rule!)).ToDictionary(group => group.Key, group => group.ToList());
            if (meter.Aggregation == Aggregation.WeightedSum && scope == UsageScope.Whole && RuleAt(from, Properties.None) is not null)
                groups.TryAdd("", []);

            foreach (var (name, group) in groups.OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                var rule = group.Count > 0 ? group[0].Rule! : RuleAt(from, Properties.None)!;
                var line = lines.TryGetValue(name, out var known) ? known : lines[name] = new();
                var measured = Measure(line, [.. group.Select(pair => pair.Use)], from, until, scope);
                var begin = line.Position;
                Move(line, measured, scope == UsageScope.Whole ? Included(sub, from) - free : 0);
                var fees = rule.Model is PriceModelV1.Percentage percentage
                    ? group.Aggregate(BigInteger.Zero, (sum, pair) => sum + Oracle.Fee(percentage, (BigInteger)pair.Use.Quantity.Billionths))
                    : 0;
                pieces.Add((line, rule, begin, line.Position, measured, fees));
            }
        }

        foreach (var piece in pieces) Price(piece.Line, piece.Rule, piece.From, piece.To, piece.Measured, piece.Fees);
        return Sum(isAnswered);
    }

    private BigInteger Sum(bool isAnswered)
    {
        var minimums = isAnswered ? Minimums() : [];
        return lines.Keys.Union(minimums.Keys).Aggregate(BigInteger.Zero, (sum, name) =>
        {
            var charged = lines.TryGetValue(name, out var line) ? Oracle.ToTrillionths(BigInteger.Max(0, line.Charged)) : 0;
            return sum + BigInteger.Max(charged, minimums.GetValueOrDefault(name));
        });
    }

    private static void Price(
        LineState line, PriceRulePublishedV1 rule, BigInteger from, BigInteger to, BigInteger measured, BigInteger fees)
    {
        var units = to - from;
        var price = rule.Model is PriceModelV1.Percentage
            ? (units == measured || measured == 0 ? fees : Oracle.HalfEven(fees * units, measured)) * Trillionth
            : Oracle.UpTo(rule.Model, to, line.Position) - Oracle.UpTo(rule.Model, from, line.Position);
        var before = line.Uncapped;
        line.Uncapped += price;
        var cap = (BigInteger)(rule.MaximumCap?.Trillionths ?? 0) * Trillionth;
        line.Charged += rule.MaximumCap is null ? price : BigInteger.Min(line.Uncapped, cap) - BigInteger.Min(before, cap);
    }

    private BigInteger Measure(LineState line, List<Use> uses, DateTimeOffset from, DateTimeOffset until, UsageScope scope)
    {
        var sum = uses.Aggregate(BigInteger.Zero, (total, use) => total + (BigInteger)use.Quantity.Billionths);
        if (scope == UsageScope.OverLimit) return sum;

        line.Uses.AddRange(uses);
        var reached = meter.Aggregation switch
        {
            Aggregation.Max => line.Uses.Select(use => (BigInteger)use.Quantity.Billionths).Append(0).Max(),
            Aggregation.Latest => line.Uses.OrderBy(use => use.UsedAt).ThenBy(use => use.Event.Source, StringComparer.Ordinal)
                .ThenBy(use => use.Event.Id, StringComparer.Ordinal).ThenBy(use => use.Revision)
                .Select(use => (BigInteger)use.Quantity.Billionths).LastOrDefault(),
            Aggregation.Unique => line.Uses.Select(use => use.Distinct).Distinct().Count() * Oracle.One,
            Aggregation.WeightedSum => Level(line, from, until),
            _ => line.Reached + sum,
        };
        var moved = reached - line.Reached;
        line.Reached = reached;
        return moved;
    }

    // The level of every use so far, over the time it had in the segments that are charged.
    private BigInteger Level(LineState line, DateTimeOffset from, DateTimeOffset until)
    {
        line.Weight += line.Uses.Aggregate(BigInteger.Zero, (sum, use) =>
            sum + (BigInteger)use.Quantity.Billionths * (until - (use.UsedAt > from ? use.UsedAt : from)).Ticks);
        return Oracle.HalfEven(line.Weight, (period.EndExclusive - period.Start).Ticks);
    }

    private void Move(LineState line, BigInteger measured, BigInteger allowance)
    {
        var units = measured + line.Owed;
        line.Owed = 0;
        if (units >= 0)
        {
            var taken = BigInteger.Min(units, BigInteger.Max(0, allowance));
            (line.Free, free, line.Position) = (line.Free + taken, free + taken, line.Position + units - taken);
            return;
        }

        var backPaid = BigInteger.Min(line.Position, -units);
        var backFree = BigInteger.Min(line.Free, -units - backPaid);
        (line.Position, line.Free, free) = (line.Position - backPaid, line.Free - backFree, free - backFree);
        line.Owed = units + backPaid + backFree;
    }

    private Dictionary<string, BigInteger> Minimums()
    {
        var sums = new Dictionary<string, BigInteger>();
        foreach (var (from, until) in Segments())
        {
            if (At(from) is not { } sub || sub.TrialUntil > from) continue;

            var days = DayOf(until) - DayOf(from);
            foreach (var rule in AllDimensions.Select(dimensions => RuleAt(from, dimensions)).Where(rule => rule is not null).Distinct())
                if (rule!.MinimumCommitment is { } minimum)
                    sums[LineOf(rule)] = sums.GetValueOrDefault(LineOf(rule)) + (BigInteger)minimum.Trillionths * days;
        }

        var ofDays = DayOf(period.EndExclusive) - DayOf(period.Start);
        return sums.ToDictionary(sum => sum.Key, sum => Oracle.HalfEven(sum.Value, ofDays));
    }

    // Every moment that any fact names, then neighbors joined in which nothing differs.
    private List<(DateTimeOffset From, DateTimeOffset Until)> Segments()
    {
        var borders = facts.SelectMany(Moments).Where(moment => moment > period.Start && moment < period.EndExclusive)
            .Append(period.Start).Append(period.EndExclusive).Distinct().Order().ToList();
        var joined = new List<(DateTimeOffset From, DateTimeOffset Until)>();
        for (var index = 0; index + 1 < borders.Count; index++)
        {
            if (joined.Count > 0 && Look(joined[^1].From) == Look(borders[index])) joined[^1] = (joined[^1].From, borders[index + 1]);
            else joined.Add((borders[index], borders[index + 1]));
        }

        return joined;
    }

    private string Look(DateTimeOffset at) => At(at) is not { } sub ? "" : string.Join('|',
        [
            Included(sub, at).ToString(), (sub.TrialUntil > at).ToString(), SourceAt(at).ToString(),
            .. AllDimensions.Select(dimensions => RuleAt(at, dimensions) is { } rule ? $"{rule.Rule} {rule.Version}" : "-"),
        ]);

    private static IEnumerable<DateTimeOffset> Moments(object fact) => fact switch
    {
        PlanPublishedV1 plan => [plan.From],
        PriceRulePublishedV1 rule => [rule.From, rule.Until ?? rule.From],
        PriceRuleRetiredV1 retired => [retired.From],
        SubscriptionSetV1 sub => [sub.From, sub.Until ?? sub.From, sub.TrialUntil ?? sub.From],
        OverageSourceSetV1 source => [source.From],
        TenantAllowanceSetV1 agreed => [agreed.From],
        _ => [],
    };

    private SubscriptionSetV1? At(DateTimeOffset at) =>
        facts.OfType<SubscriptionSetV1>().LastOrDefault(sub => sub.From <= at) is { } found && !(found.Until <= at) ? found : null;

    private OverageSource SourceAt(DateTimeOffset at) =>
        facts.OfType<OverageSourceSetV1>().LastOrDefault(source => source.From <= at)?.Source ?? OverageSource.Computed;

    private BigInteger Included(SubscriptionSetV1 sub, DateTimeOffset at) =>
        (BigInteger)(Agreed(sub.Plan, at) ?? Agreed(null, at) ?? OfPlan(sub, at));

    private Int128? Agreed(PlanId? plan, DateTimeOffset at) => facts.OfType<TenantAllowanceSetV1>()
        .LastOrDefault(agreed => Equals(agreed.Plan, plan) && agreed.From <= at)?.Quantity?.Billionths;

    private Int128 OfPlan(SubscriptionSetV1 sub, DateTimeOffset at) =>
        (facts.OfType<PlanPublishedV1>().LastOrDefault(plan => plan.Plan == sub.Plan && plan.From <= at)?
            .Included.FirstOrDefault(allowance => allowance.Meter == meter.Meter)?.Quantity.Billionths ?? 0);

    private PriceRulePublishedV1? RuleAt(DateTimeOffset at, Properties dimensions)
    {
        var sub = At(at)!;
        return facts.OfType<PriceRulePublishedV1>().GroupBy(rule => rule.Rule)
            .Where(rule => !facts.OfType<PriceRuleRetiredV1>().Any(retired => retired.Rule == rule.Key && retired.From <= at))
            .Select(rule => rule.LastOrDefault(version => version.From <= at && !(version.Until <= at)))
            .Where(rule => rule is not null && rule.Meter == meter.Meter && rule.Currency == sub.Currency)
            .Where(rule => (rule!.Tenant ?? sub.Tenant) == sub.Tenant && (rule.Plan ?? sub.Plan) == sub.Plan
                && (rule.Country ?? sub.Country) == sub.Country)
            .Where(rule => (rule!.Where ?? Properties.None).All.All(pair => dimensions.Find(pair.Key) == pair.Value))
            .OrderBy(rule => rule!.Tenant is null).ThenBy(rule => rule!.Plan is null).ThenBy(rule => rule!.Country is null)
            .ThenByDescending(rule => rule!.Where?.All.Count ?? 0).FirstOrDefault();
    }

    // The lines of these tests have one dimension at most.
    private static string LineOf(PriceRulePublishedV1 rule) =>
        rule.Where is { All.Count: > 0 } where ? $"model={where.Find("model")}" : "";

    private static int DayOf(DateTimeOffset moment) => DateOnly.FromDateTime(moment.UtcDateTime).DayNumber;

    private sealed class LineState
    {
        public BigInteger Position, Free, Owed, Reached, Weight, Uncapped, Charged;
        public List<Use> Uses { get; } = [];
    }
}
