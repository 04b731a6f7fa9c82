using System.Numerics;
using Billing.Verify.Reading;

namespace Billing.Verify.Recounting;

/// <summary>What was counted for: all usage of one meter in one period of one subscription, or of none.</summary>
internal sealed record Account(
    string Tenant, string? Subscription, string Meter, string Currency, Span Period, string TimeZone)
{
    public override string ToString() =>
        $"{Tenant}, {Subscription ?? "no subscription"}, {Meter}, period from {Period.Start:yyyy-MM-dd}";
}

/// <summary>One measure of one accepted event.</summary>
/// <param name="Quantity">Billionths.</param>
internal sealed record Use(
    string Source,
    string Id,
    long Revision,
    DateTimeOffset At,
    bool IsOverLimit,
    BigInteger Quantity,
    string? Distinct,
    IReadOnlyDictionary<string, string> Properties);

/// <summary>
/// What usage costs, from nothing but the catalog's facts and the uses: written from the description of the total in
/// Pricing's README, slow and plain. One instance counts once.
/// </summary>
internal sealed class Recount(CatalogLog catalog, Account account)
{
    private static readonly IReadOnlyDictionary<string, string> NoProperties = new Dictionary<string, string>();

    private readonly Meter meter = catalog.Meters[account.Meter];
    private readonly Dictionary<string, Line> lines = new(StringComparer.Ordinal);
    private BigInteger free;

    /// <summary>In 10^-12 of the currency.</summary>
    /// <param name="isAnswered">The period was closed once: minimums are part of the total.</param>
    public BigInteger Total(IReadOnlyList<Use> uses, bool isAnswered)
    {
        var pieces = new List<Piece>();
        foreach (var segment in Segments())
            if (!segment.IsTrial) Walk(segment, uses, pieces);
        foreach (var piece in pieces) Price(piece);

        var minimums = isAnswered ? Minimums() : [];
        return lines.Keys.Union(minimums.Keys, StringComparer.Ordinal).Aggregate(BigInteger.Zero, (sum, name) =>
        {
            var charged = lines.TryGetValue(name, out var line)
                ? Exact.HalfEven(BigInteger.Max(0, line.Charged), Exact.Billion) : 0;
            return sum + BigInteger.Max(charged, minimums.GetValueOrDefault(name));
        });
    }

    private void Walk(Segment segment, IReadOnlyList<Use> uses, List<Piece> pieces)
    {
        var groups = new SortedDictionary<string, List<Use>>(StringComparer.Ordinal);
        foreach (var use in uses)
        {
            if (use.IsOverLimit != segment.IsReported || use.At < segment.From || use.At >= segment.Until) continue;
            if (segment.PriceFor(use.Properties) is not { } rule) continue;

            if (!groups.TryGetValue(rule.Line, out var group)) groups.Add(rule.Line, group = []);
            group.Add(use);
        }

        // A level goes on weighing where nothing is said about it.
        if (meter.Aggregation == "weighted-sum" && !segment.IsReported && segment.PriceFor(NoProperties) is not null)
            groups.TryAdd("", []);

        foreach (var (name, group) in groups)
        {
            var rule = segment.Prices.First(price => price.Line == name);
            if (!lines.TryGetValue(name, out var line)) lines.Add(name, line = new());
            var measured = Measure(line, group, segment);
            var begin = line.Position;
            Move(line, measured, segment.IsReported ? 0 : segment.Included - free);
            var fees = rule.Model is PriceModel.Percentage percentage
                ? group.Aggregate(BigInteger.Zero, (sum, use) => sum + percentage.Fee(use.Quantity)) : 0;
            pieces.Add(new(line, rule, begin, line.Position, measured, fees));
        }
    }

    private BigInteger Measure(Line line, List<Use> uses, Segment segment)
    {
        var sum = uses.Aggregate(BigInteger.Zero, (total, use) => total + use.Quantity);
        if (segment.IsReported) return sum;

        if (meter.Aggregation is not ("sum" or "count")) line.Uses.AddRange(uses);
        var reached = meter.Aggregation switch
        {
            "sum" or "count" => line.Reached + sum,
            "max" => line.Uses.Select(use => use.Quantity).Append(0).Max(),
            "latest" => line.Uses.OrderBy(use => use.At).ThenBy(use => use.Source, StringComparer.Ordinal)
                .ThenBy(use => use.Id, StringComparer.Ordinal).ThenBy(use => use.Revision)
                .Select(use => use.Quantity).LastOrDefault(),
            "unique" => line.Uses.Select(use => use.Distinct).Distinct(StringComparer.Ordinal).Count() * Exact.Billion,
            "weighted-sum" => Weigh(line, segment),
            var other => throw new NotSupportedException($"A meter aggregates by '{other}', which nothing here knows."),
        };
        var moved = reached - line.Reached;
        line.Reached = reached;
        return moved;
    }

    // Each change of the level so far, for the time that it had in this segment.
    private BigInteger Weigh(Line line, Segment segment)
    {
        foreach (var use in line.Uses)
        {
            var from = use.At > segment.From ? use.At : segment.From;
            line.Weight += use.Quantity * (segment.Until - from).Ticks;
        }

        return Exact.HalfEven(line.Weight, (account.Period.End - account.Period.Start).Ticks);
    }

    // First out of what is included, then billable. Below zero back the same way; the rest is owed by later units.
    private void Move(Line line, BigInteger measured, BigInteger allowance)
    {
        var units = measured + line.Owed;
        line.Owed = 0;
        if (units.Sign >= 0)
        {
            var taken = BigInteger.Min(units, BigInteger.Max(0, allowance));
            line.Free += taken;
            free += taken;
            line.Position += units - taken;
            return;
        }

        var fromBillable = BigInteger.Min(line.Position, -units);
        var fromFree = BigInteger.Min(line.Free, -units - fromBillable);
        line.Position -= fromBillable;
        line.Free -= fromFree;
        free -= fromFree;
        line.Owed = units + fromBillable + fromFree;
    }

    private static void Price(Piece piece)
    {
        var (line, rule, units) = (piece.Line, piece.Rule, piece.To - piece.From);
        var price = rule.Model is PriceModel.Percentage
            ? (units == piece.Measured || piece.Measured.IsZero
                ? piece.Fees : Exact.HalfEven(piece.Fees * units, piece.Measured)) * Exact.Billion
            : rule.Model.UpTo(piece.To, line.Position) - rule.Model.UpTo(piece.From, line.Position);
        var before = line.Uncapped;
        line.Uncapped += price;
        var cap = rule.Cap is { } most ? most.Count * Exact.Billion : (BigInteger?)null;
        line.Charged += cap is { } limit
            ? BigInteger.Min(line.Uncapped, limit) - BigInteger.Min(before, limit) : price;
    }

    private Dictionary<string, BigInteger> Minimums()
    {
        var parts = new Dictionary<string, BigInteger>(StringComparer.Ordinal);
        foreach (var segment in Segments().Where(segment => !segment.IsTrial))
        {
            var days = Calendar.Days(segment.From, segment.Until, account.TimeZone);
            foreach (var price in segment.Prices)
                if (price.Minimum is { } minimum)
                    parts[price.Line] = parts.GetValueOrDefault(price.Line) + minimum.Count * days;
        }

        var ofDays = Calendar.Days(account.Period.Start, account.Period.End, account.TimeZone);
        return parts.ToDictionary(
            part => part.Key, part => Exact.HalfEven(part.Value, ofDays), StringComparer.Ordinal);
    }

    private List<Segment> Segments()
    {
        var segments = new List<Segment>();
        var borders = Borders().Where(at => at > account.Period.Start && at < account.Period.End)
            .Append(account.Period.Start).Append(account.Period.End).Distinct().Order().ToList();
        for (var index = 0; index + 1 < borders.Count; index++)
        {
            if (SegmentFrom(borders[index], borders[index + 1]) is not { } next) continue;

            // A border at which nothing changes for this meter is none.
            if (segments is [.., var last] && last.Until == next.From && last.IsSame(next))
                segments[^1] = last with { Until = next.Until };
            else segments.Add(next);
        }

        return segments;
    }

    private Segment? SegmentFrom(DateTimeOffset from, DateTimeOffset until)
    {
        var isReported = catalog.Sources(account.Tenant, account.Meter)
            .LastOrDefault(source => source.From <= from)?.IsReported ?? false;
        var allowances = catalog.Allowances(account.Tenant, account.Meter);
        if (account.Subscription is null)
            return new(from, until, Agreed.At(allowances, null, from) ?? 0, false, isReported,
                Prices(from, null, catalog.CountryOfTenant[account.Tenant]));
        if (catalog.At(account.Subscription, from) is not { } state) return null;

        var included = Agreed.At(allowances, state.Plan, from)
            ?? catalog.PlanAt(state.Plan, from)?.Included.GetValueOrDefault(account.Meter) ?? 0;
        return new(from, until, included, state.TrialUntil > from, isReported, Prices(from, state.Plan, state.Country));
    }

    private IEnumerable<DateTimeOffset> Borders()
    {
        foreach (var rule in catalog.Rules)
        {
            if (rule.Versions is not [var first, ..] || first.Meter != account.Meter) continue;

            if (rule.RetiredFrom is { } retired) yield return retired;
            foreach (var version in rule.Versions)
            {
                yield return version.From;
                if (version.Until is { } until) yield return until;
            }
        }

        foreach (var source in catalog.Sources(account.Tenant, account.Meter)) yield return source.From;
        foreach (var agreed in catalog.Allowances(account.Tenant, account.Meter)) yield return agreed.From;
        if (account.Subscription is null) yield break;

        foreach (var state in catalog.Subscriptions[account.Subscription])
        {
            yield return state.From;
            if (state.Until is { } until) yield return until;
            if (state.TrialUntil is { } trial) yield return trial;
            foreach (var version in catalog.Versions(state.Plan)) yield return version.From;
        }
    }

    // The tenant's own first, then the more specific; up to the first that is for all dimensions.
    private List<PriceRule> Prices(DateTimeOffset at, string? plan, string country)
    {
        var found = new List<PriceRule>();
        var candidates = catalog.Rules.Select(rule => rule.At(at)).OfType<PriceRule>()
            .Where(rule => rule.Meter == account.Meter && rule.Currency == account.Currency)
            .Where(rule => rule.Tenant is null || rule.Tenant == account.Tenant)
            .Where(rule => rule.Plan is null || rule.Plan == plan)
            .Where(rule => rule.Country is null || rule.Country == country)
            .OrderBy(rule => rule.Tenant is null).ThenBy(rule => rule.Plan is null)
            .ThenBy(rule => rule.Country is null).ThenByDescending(rule => rule.Where.Count)
            .ThenBy(rule => rule.Rule, StringComparer.Ordinal);
        foreach (var rule in candidates)
        {
            found.Add(rule);
            if (rule.Where.Count == 0) break;
        }

        return found;
    }

    private sealed record Segment(
        DateTimeOffset From,
        DateTimeOffset Until,
        BigInteger Included,
        bool IsTrial,
        bool IsReported,
        IReadOnlyList<PriceRule> Prices)
    {
        public PriceRule? PriceFor(IReadOnlyDictionary<string, string> properties) =>
            Prices.FirstOrDefault(price => price.Takes(properties));

        public bool IsSame(Segment other) =>
            Included == other.Included && IsTrial == other.IsTrial && IsReported == other.IsReported
            && Prices.Select(price => (price.Rule, price.Version))
                .SequenceEqual(other.Prices.Select(price => (price.Rule, price.Version)));
    }

    private sealed record Piece(
        Line Line, PriceRule Rule, BigInteger From, BigInteger To, BigInteger Measured, BigInteger Fees);

    private sealed class Line
    {
        public List<Use> Uses { get; } = [];
        public BigInteger Position { get; set; }
        public BigInteger Free { get; set; }
        public BigInteger Owed { get; set; }
        public BigInteger Reached { get; set; }
        public BigInteger Weight { get; set; }
        public BigInteger Uncapped { get; set; }
        public BigInteger Charged { get; set; }
    }
}
