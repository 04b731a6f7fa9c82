using Billing.Contracts.Platform;
using Billing.Contracts.Values;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Decides by number what becomes of a fact (docs/adr/0005). Any order of duplicates, losses and replays
/// takes each number once and in order; what contradicts what was taken stops the lane, because nothing is
/// guessed.
/// </summary>
public static class LaneReader
{
    /// <summary>What came is taken, or is no news, or has to wait for what is missing before it.</summary>
    public static Decision Decide(LaneState lane, in FactHeader fact)
    {
        if (lane.StoppedBecause is not null) return new(Verdict.Drop, lane);
        if (IsOther(lane, fact.Generation)) return Stop(lane, OtherGeneration(lane, fact.Generation));
        if (fact.Number < lane.LastNumber) return new(Verdict.Drop, lane);
        if (fact.Number == lane.LastNumber)
            return fact.Id == lane.LastFact
                ? new(Verdict.Drop, lane)
                : Stop(lane, $"Number {fact.Number} was fact {lane.LastFact} and is now fact {fact.Id}.");

        if (fact.Number > lane.LastNumber + 1)
            return new(Verdict.Hold, lane with { Generation = fact.Generation });

        return fact.Previous == lane.LastFact
            ? new(Verdict.Take, new(fact.Generation, fact.Number, fact.Id))
            : Stop(lane, $"Fact {fact.Number} follows {Name(fact.Previous)}, "
                + $"but {Name(lane.LastFact)} was taken.");
    }

    /// <summary>
    /// A tide says where the lane ends: beyond what was taken something is missing. One that ends below
    /// may only be late; <see cref="LowTide"/> tells when it is more than that.
    /// </summary>
    public static TideDecision Decide(LaneState lane, string generation, LaneTideV1 tide)
    {
        if (lane.StoppedBecause is not null) return new(TideVerdict.Nothing, lane);
        if (IsOther(lane, generation)) return StopByTide(lane, OtherGeneration(lane, generation));
        if (tide.LastNumber < lane.LastNumber) return new(TideVerdict.Low, lane);
        if (tide.LastNumber > lane.LastNumber)
            return new(TideVerdict.Missing, lane with { Generation = generation });

        return tide.LastNumber == 0 || tide.LastFact is null || tide.LastFact == lane.LastFact
            ? new(TideVerdict.Nothing, lane)
            : StopByTide(
                lane, $"Number {lane.LastNumber} was fact {lane.LastFact} and is now fact {tide.LastFact}.");
    }

    /// <summary>Why a lane stops whose tide stays below what was taken.</summary>
    public static string LowTide(LaneState lane, LaneTideV1 tide) =>
        $"The lane ends at {tide.LastNumber}, but {lane.LastNumber} was taken: "
        + "the store behind it lost facts.";

    private static bool IsOther(LaneState lane, string generation) =>
        lane.Generation is not null && lane.Generation != generation;

    private static string OtherGeneration(LaneState lane, string generation) =>
        $"Generation {generation} came after {lane.Generation}: "
        + "the store behind it was restored or made again.";

    private static string Name(FactId? fact) => fact is { } id ? $"fact {id}" : "nothing";

    private static Decision Stop(LaneState lane, string reason) =>
        new(Verdict.Stop, lane with { StoppedBecause = reason });

    private static TideDecision StopByTide(LaneState lane, string reason) =>
        new(TideVerdict.Stop, lane with { StoppedBecause = reason });
}

/// <summary>What was taken of a lane.</summary>
/// <param name="Generation">Null until the first contact.</param>
/// <param name="LastFact">Null while <paramref name="LastNumber"/> is 0.</param>
public sealed record LaneState(
    string? Generation, long LastNumber, FactId? LastFact, string? StoppedBecause = null)
{
    public static LaneState Empty { get; } = new(null, 0, null);
}

/// <summary>What the headers of a numbered fact say.</summary>
/// <param name="Previous">The fact of the number before; null for number 1.</param>
public readonly record struct FactHeader(
    int Lane, long Number, string Generation, FactId Id, FactId? Previous);

public enum Verdict
{
    /// <summary>It was taken before, or the lane is stopped.</summary>
    Drop,

    /// <summary>It is the next one.</summary>
    Take,

    /// <summary>Numbers before it are missing.</summary>
    Hold,

    /// <summary>It contradicts what was taken.</summary>
    Stop,
}

/// <param name="Lane">As the lane is after it; with the reason, where it stops.</param>
public readonly record struct Decision(Verdict Verdict, LaneState Lane);

public enum TideVerdict
{
    /// <summary>The lane ends where it was taken to.</summary>
    Nothing,

    /// <summary>There are facts beyond what was taken.</summary>
    Missing,

    /// <summary>It ends below what was taken.</summary>
    Low,

    /// <summary>It contradicts what was taken.</summary>
    Stop,
}

/// <param name="Lane">As the lane is after it; with the reason, where it stops.</param>
public readonly record struct TideDecision(TideVerdict Verdict, LaneState Lane);
