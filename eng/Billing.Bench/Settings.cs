using System.Globalization;

namespace Billing.Bench;

/// <summary>What is measured, and how long.</summary>
/// <param name="Events">In the topic, for each run.</param>
/// <param name="Pairs">How often the topic is read raw and by Ingestion, in turn.</param>
/// <param name="Seconds">For each combination over HTTP.</param>
/// <param name="JsonFile">Where the figures go as well.</param>
internal sealed record Settings(
    int Events, int Pairs, int Seconds, bool MeasuresKafka, bool MeasuresHttp, int[] Batches, int[] Connections,
    string? JsonFile)
{
    public static Settings Parse(IReadOnlyList<string> arguments)
    {
        if (arguments is not ["ingestion", ..]) throw new BenchFailed("only ingestion can be measured so far.");

        var quick = arguments.Contains("--quick");
        var only = Value("--only");
        return new(
            Number("--events", quick ? 20_000 : 200_000), Number("--pairs", quick ? 1 : 3),
            Number("--seconds", quick ? 1 : 5), only is null or "kafka", only is null or "http",
            quick ? [1, 500] : [1, 100, 500], quick ? [1, 8] : [1, 4, 8, 16], Value("--json"));

        string? Value(string name)
        {
            var place = arguments.ToList().IndexOf(name);
            return place < 0 || place + 1 == arguments.Count ? null : arguments[place + 1];
        }

        int Number(string name, int otherwise) => Value(name) is not { } text ? otherwise
            : int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
            : throw new BenchFailed($"{name} is a number from 1 on.");
    }
}

/// <summary>One sentence that names what cannot be measured, and why.</summary>
internal sealed class BenchFailed(string sentence) : Exception(sentence);
