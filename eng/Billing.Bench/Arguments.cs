using System.Globalization;

namespace Billing.Bench;

/// <summary>What was asked for: a bench, then options, each with a value of its own but <c>--quick</c>.</summary>
internal sealed class Arguments(IReadOnlyList<string> arguments)
{
    public string Bench => arguments is [var first, ..] ? first : "";

    public bool IsQuick => arguments.Contains("--quick");

    public string? JsonFile => Value("--json");

    public string? Value(string name)
    {
        for (var place = 0; place + 1 < arguments.Count; place++)
            if (arguments[place] == name) return arguments[place + 1];

        return null;
    }

    /// <exception cref="BenchFailed">It is not a number from 1 on.</exception>
    public int Number(string name, int otherwise) =>
        Value(name) is { } text ? Parse(name, text) : otherwise;

    /// <summary>Several, with commas between them; null where none are asked for.</summary>
    /// <exception cref="BenchFailed">One of them is not a number from 1 on.</exception>
    public int[]? Numbers(string name) => Value(name) is { } text
        ? [.. text.Split(',').Select(one => Parse(name, one))]
        : null;

    private static int Parse(string name, string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new BenchFailed($"{name} is a number from 1 on.");
}
