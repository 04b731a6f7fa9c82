using System.Text;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Numbers of sources that count their events, as few ranges as possible. Whatever became of an event: its
/// number has arrived.
/// </summary>
public sealed class SequenceRanges
{
    /// <summary>More holes than this are no numbering; the source's ranges then stay as they are.</summary>
    public const int MostRanges = 10_000;

    private const string Merge =
        """
        insert into usage_sequences as q (source_id, arrived)
        select s, r::int8multirange from unnest($1, $2) as g (s, r) order by s
        on conflict (source_id) do update set
            arrived = q.arrived + excluded.arrived,
            is_scattered = (select count(*) from unnest(q.arrived + excluded.arrived)) > $3
        where not q.is_scattered and not excluded.arrived <@ q.arrived
        """;

    private readonly SortedDictionary<int, List<long>> _numbers = [];

    public void Arrived(int source, long number)
    {
        if (!_numbers.TryGetValue(source, out var numbers)) _numbers.Add(source, numbers = []);
        numbers.Add(number);
    }

    public void AddTo(BatchTransaction into)
    {
        if (_numbers.Count == 0) return;

        into.Write(new(Merge)
        {
            Parameters =
            {
                new() { Value = _numbers.Keys.ToArray() },
                new() { Value = _numbers.Values.Select(Spell).ToArray() },
                new() { Value = MostRanges },
            },
        });
    }

    /// <summary>PostgreSQL's multirange: <c>{[1,3],[7,7]}</c>.</summary>
    public static string Spell(List<long> numbers)
    {
        numbers.Sort();
        var text = new StringBuilder("{");
        for (var place = 0; place < numbers.Count; place++)
        {
            var first = numbers[place];
            while (place + 1 < numbers.Count && numbers[place + 1] <= numbers[place] + 1) place++;
            text.Append(text.Length > 1 ? "," : "").Append('[').Append(first).Append(',')
                .Append(numbers[place]).Append(']');
        }

        return text.Append('}').ToString();
    }
}
