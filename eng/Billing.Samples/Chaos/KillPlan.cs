using System.Globalization;
using Billing.LocalTools;
using Billing.Samples.OwnStack;

namespace Billing.Samples.Chaos;

/// <summary>What is killed when: the same for the same seed.</summary>
/// <param name="AfterMs">Since the one before was of use again.</param>
/// <param name="DownMs">Until it is started again.</param>
internal sealed record Kill(string What, int AfterMs, int DownMs)
{
    public static IReadOnlyList<Kill> Plan(int kills, int seed)
    {
        if (kills < 1) throw new PreparationFailed("there is nothing to kill: --kills is a number from 1 on.");

        // An algorithm of our own: the library's may change with a version.
        var state = unchecked((ulong)seed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407);
        return [.. Enumerable.Range(0, kills).Select(_ => new Kill(
            Stack.All[Next(Stack.All.Count)], 300 + Next(1_700), Next(700)))];

        int Next(int below)
        {
            state = unchecked(state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407);
            return (int)((state >> 33) % (ulong)below);
        }
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{What} after {AfterMs} ms, down for {DownMs} ms");
}
