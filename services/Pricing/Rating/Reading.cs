using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// What is kept of the uses of a cell beside their sum, so that each can be taken out again.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "of")]
[JsonDerivedType(typeof(Peaks), "peaks")]
[JsonDerivedType(typeof(Latest), "latest")]
[JsonDerivedType(typeof(Values), "values")]
[JsonDerivedType(typeof(Weighted), "weighted")]
[JsonDerivedType(typeof(Fees), "fees")]
public abstract record Reading
{
    private Reading() { }

    /// <summary>The highest quantities of a meter that takes the highest.</summary>
    public sealed record Peaks(Heads<Quantity> Highest) : Reading;

    /// <summary>The latest uses of a meter that takes the latest.</summary>
    public sealed record Latest(Heads<Moment> Last) : Reading;

    /// <summary>How often each value came, and how many of them count here.</summary>
    public sealed record Values(ImmutableDictionary<string, Seen> Uses, long First) : Reading;

    /// <summary>Billionths × ticks from the use to the end of the segment, summed.</summary>
    public sealed record Weighted(Int128 BillionthTicks) : Reading;

    /// <summary>The fees of single events, summed.</summary>
    public sealed record Fees(Amount Sum) : Reading;
}

/// <param name="IsFirst">The value counts here: it came in no earlier segment that is charged.</param>
public readonly record struct Seen(long Uses, bool IsFirst);

/// <summary>One use in the order of time; what happened at the same moment is ordered by its name.</summary>
public sealed record Moment(DateTimeOffset At, string Source, string Id, int Revision, Quantity Quantity)
    : IComparable<Moment>
{
    public static Moment Of(Use use) =>
        new(use.UsedAt, use.Event.Source, use.Event.Id, use.Revision, use.Quantity);

    public static bool operator <(Moment left, Moment right) => left.CompareTo(right) < 0;

    public static bool operator >(Moment left, Moment right) => left.CompareTo(right) > 0;

    public static bool operator <=(Moment left, Moment right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Moment left, Moment right) => left.CompareTo(right) >= 0;

    public int CompareTo(Moment? other)
    {
        if (other is null) return 1;

        var byTime = At.CompareTo(other.At);
        if (byTime != 0) return byTime;

        var bySource = string.CompareOrdinal(Source, other.Source);
        if (bySource != 0) return bySource;

        var byId = string.CompareOrdinal(Id, other.Id);
        return byId != 0 ? byId : Revision.CompareTo(other.Revision);
    }
}

/// <summary>
/// The greatest few of many, greatest first; of the others only how many there are. Taking out more than are
/// kept is rare and asks for all uses again.
/// </summary>
public sealed record Heads<T>(ImmutableArray<T> Kept, long Others) where T : IComparable<T>
{
    public const int Most = 8;

    public static Heads<T> None { get; } = new([], 0);

    /// <summary>True: the greatest is not known any more.</summary>
    [JsonIgnore]
    public bool IsExhausted => Kept.IsEmpty && Others > 0;

    public Heads<T> Add(T item)
    {
        var place = 0;
        while (place < Kept.Length && Kept[place].CompareTo(item) >= 0) place++;

        // Behind the last that is kept there may be others that are greater than this one.
        if (place == Kept.Length && (Others > 0 || place == Most)) return this with { Others = Others + 1 };

        var kept = Kept.Insert(place, item);
        return kept.Length > Most ? new(kept.RemoveAt(Most), Others + 1) : new(kept, Others);
    }

    public Heads<T> Remove(T item)
    {
        for (var place = 0; place < Kept.Length; place++)
            if (Kept[place].CompareTo(item) == 0) return this with { Kept = Kept.RemoveAt(place) };

        return this with { Others = Others - 1 };
    }
}
