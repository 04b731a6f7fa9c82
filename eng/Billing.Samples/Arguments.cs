using System.Globalization;
using Billing.LocalTools;

namespace Billing.Samples;

/// <summary>What ./billing passes on: names with values, in pairs. It has checked them.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    /// <exception cref="PreparationFailed">Not in pairs.</exception>
    public Arguments(IReadOnlyList<string> given)
    {
        if (given.Count % 2 != 0) throw new PreparationFailed("arguments come as names with values.");

        foreach (var pair in given.Chunk(2)) values[pair[0]] = pair[1];
    }

    public string? Find(string name) => values.GetValueOrDefault(name);

    public string this[string name] =>
        Find(name) ?? throw new PreparationFailed($"{name} is missing.");

    public int Number(string name, int otherwise) =>
        Find(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The data folder that is meant.</summary>
    public string Data => Find("--data") ?? Checkout.Data;
}
