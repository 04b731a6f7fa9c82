using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>The lines of prices that usage of a period has met, in the order in which it met them.</summary>
internal sealed class PeriodLines
{
    private readonly List<Line> made = []; // used again for the next period

    public int Count { get; private set; }

    public Line this[int index] => made[index];

    public void Clear() => Count = 0;

    public Line Of(string name, Currency currency)
    {
        if (Find(name) is { } line) return line;

        if (Count == made.Count) made.Add(new());
        return made[Count++].Begin(name, currency);
    }

    /// <summary>Zero where no usage met the line.</summary>
    public Amount Charged(string name, Currency currency) =>
        Find(name)?.Charged.ToAmount() ?? Amount.Zero(currency);

    public IEnumerable<LineTotal> Totals() => made.Take(Count)
        .Select(line => new LineTotal(line.Name, line.Free, line.Position, line.Charged.ToAmount()));

    private Line? Find(string name)
    {
        for (var index = 0; index < Count; index++)
            if (string.Equals(made[index].Name, name, StringComparison.Ordinal)) return made[index];

        return null;
    }
}

/// <param name="Free">Units that were taken out of the allowance.</param>
/// <param name="Billable">Units that were not.</param>
public readonly record struct LineTotal(string Line, Quantity Free, Quantity Billable, Amount Charged);
