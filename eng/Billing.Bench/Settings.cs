namespace Billing.Bench;

/// <summary>What is measured, and how long.</summary>
/// <param name="Events">In the topic, for each run.</param>
/// <param name="Pairs">How often the topic is read raw and by Ingestion, in turn.</param>
/// <param name="Seconds">For each combination over HTTP.</param>
/// <param name="Minutes">Of an even load, to see whether memory stays flat; 0 for not at all.</param>
internal sealed record Settings(
    int Events, int Pairs, int Seconds, int Minutes, bool MeasuresKafka, bool MeasuresHttp, int[] Batches,
    int[] Connections)
{
    public static Settings Of(Arguments asked)
    {
        var (quick, only) = (asked.IsQuick, asked.Value("--only"));
        return new(
            asked.Number("--events", quick ? 20_000 : 200_000), asked.Number("--pairs", quick ? 1 : 3),
            asked.Number("--seconds", quick ? 1 : 5), asked.Number("--minutes", 0), only is null or "kafka",
            only is null or "http", asked.Numbers("--per-call") ?? (quick ? [1, 500] : [1, 100, 500]),
            asked.Numbers("--connections") ?? (quick ? [1, 8] : [1, 4, 8, 16]));
    }
}

/// <summary>One sentence that names what cannot be measured, and why.</summary>
internal sealed class BenchFailed(string sentence) : Exception(sentence);
