using Billing.Pricing.Catalog;

namespace Billing.Pricing.Agreements;

/// <summary>From a moment on this is agreed.</summary>
/// <param name="Value">Null: nothing is, the plan's counts.</param>
public readonly record struct AgreedFrom<TValue>(DateTimeOffset From, TValue? Value) where TValue : struct;

/// <summary>
/// When something that is to be agreed holds, among what was agreed before of the same scope. Each holds
/// until the next one, and agreements go forward.
/// </summary>
public static class AgreedSpans
{
    /// <param name="Until">Null: without an end. Afterwards what held before goes on.</param>
    /// <param name="IsOfList">One of several, in which that it ends is said by itself.</param>
    public sealed record Wanted<TValue>(
        TValue? Value, DateTimeOffset From, DateTimeOffset? Until, bool IsBackdated, bool IsOfList)
        where TValue : struct;

    /// <summary>Those that change something, by the time from which they do.</summary>
    public static IReadOnlyList<AgreedFrom<TValue>> Standing<TValue>(IReadOnlyList<AgreedFrom<TValue>> known)
        where TValue : struct
    {
        var standing = new List<AgreedFrom<TValue>>();
        foreach (var moment in known.Select(one => one.From).Distinct().Order())
        {
            var inForce = known.Last(one => one.From <= moment);
            var before = standing is [.., var last] ? last.Value : null;
            if (!Equals(before, inForce.Value)) standing.Add(new(moment, inForce.Value));
        }

        return standing;
    }

    /// <summary>What is to be said for it; empty where all of it was said already.</summary>
    public static IReadOnlyList<AgreedFrom<TValue>> New<TValue>(
        Wanted<TValue> wanted, IReadOnlyList<AgreedFrom<TValue>> known) where TValue : struct
    {
        var standing = Standing(known);
        if (IsSaid(wanted, standing)) return [];

        var set = new AgreedFrom<TValue>(wanted.From, wanted.Value);
        if (wanted.Until is not { } until) return [set];

        var before = standing.LastOrDefault(one => one.From < wanted.From).Value;
        return [set, new(until, Equals(before, wanted.Value) ? null : before)];
    }

    public static IEnumerable<Refusal> Check<TValue>(
        Wanted<TValue> wanted, IReadOnlyList<AgreedFrom<TValue>> known, DateTimeOffset now)
        where TValue : struct
    {
        if (wanted.Until <= wanted.From)
            yield return new("ends-before-it-begins", "until",
                $"It begins at {wanted.From:u}; it ends later.");
        if (wanted.From < now && !wanted.IsBackdated)
            yield return new("in-the-past", "from",
                $"{wanted.From:u} is over, and what was used since then is rated. Say that it is backdated, "
                + "and it is rated anew.");
        if (Standing(known) is [.., var last] && wanted.From < last.From)
            yield return new("overlap", "from",
                $"From {last.From:u} on {last.Value?.ToString() ?? "what the plan says"} was agreed already. "
                + "This one begins then or later, or that one is withdrawn first.");
    }

    internal static VersionState StateOf(DateTimeOffset from, DateTimeOffset? until, DateTimeOffset now) =>
        from > now ? VersionState.Scheduled : until <= now ? VersionState.Over : VersionState.InForce;

    // In force with nothing after it, or the very same statement: so a file can be taken again.
    private static bool IsSaid<TValue>(
        Wanted<TValue> wanted, IReadOnlyList<AgreedFrom<TValue>> standing) where TValue : struct
    {
        var place = standing.Count - 1;
        while (place >= 0 && standing[place].From > wanted.From) place--;
        var inForce = place < 0 ? null : standing[place].Value;
        if (!Equals(inForce, wanted.Value)) return false;

        if (place + 1 == standing.Count) return wanted.Until is null || wanted.Value is null;

        var (isSameStart, next) = (place >= 0 && standing[place].From == wanted.From, standing[place + 1]);
        return wanted.Until is { } until
            ? next.From == until
            : isSameStart && (wanted.IsOfList || next.Value is not null);
    }
}
