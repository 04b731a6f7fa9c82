using Billing.Contracts;
using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>
/// The facts of one topic on their way to <c>send_facts</c>: what it asks for each lane and fact, and the
/// numbers that follow from its answer.
/// </summary>
internal sealed class TopicNumbers
{
    private const string Sql =
        "select last_number, previous_fact "
        + "from send_facts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

    private readonly IReadOnlyList<OutgoingFact> _facts;
    private readonly string _topic;
    private readonly int[] _places; // of this topic's facts among all
    private readonly int[] _counts = new int[Lanes.Count];
    private readonly FactId?[] _lasts = new FactId?[Lanes.Count];
    private readonly int[] _placeOfLane = new int[Lanes.Count];
    private readonly int[] _lanes;
    private readonly int[] _followers;

    private TopicNumbers(IReadOnlyList<OutgoingFact> facts, string topic, int[] places)
    {
        (_facts, _topic, _places, _followers) = (facts, topic, ByLane(facts, places), new int[places.Length]);
        for (var place = places.Length - 1; place >= 0; place--)
        {
            var fact = facts[_places[place]];
            _followers[place] = _counts[fact.Lane]++;
            _lasts[fact.Lane] ??= fact.Id;
        }

        _lanes = [.. Enumerable.Range(0, Lanes.Count).Where(lane => _counts[lane] > 0)];
        for (var place = 0; place < _lanes.Length; place++) _placeOfLane[_lanes[place]] = place;
    }

    /// <summary>In the order in which their lanes are locked.</summary>
    public static IReadOnlyList<TopicNumbers> Of(IReadOnlyList<OutgoingFact> facts)
    {
        var first = facts[0].Topic;
        var isOne = true;
        for (var place = 1; place < facts.Count && isOne; place++) isOne = facts[place].Topic == first;
        if (isOne) return [new(facts, first, [.. Enumerable.Range(0, facts.Count)])];

        return
        [
            .. Enumerable.Range(0, facts.Count).GroupBy(place => facts[place].Topic)
                .OrderBy(topic => topic.Key, StringComparer.Ordinal)
                .Select(topic => new TopicNumbers(facts, topic.Key, [.. topic])),
        ];
    }

    // Each lane's in their order: so they lie in the table, and in its index.
    private static int[] ByLane(IReadOnlyList<OutgoingFact> facts, int[] places)
    {
        var next = new int[Lanes.Count + 1];
        foreach (var place in places) next[facts[place].Lane + 1]++;
        for (var lane = 1; lane <= Lanes.Count; lane++) next[lane] += next[lane - 1];

        var sorted = new int[places.Length];
        foreach (var place in places) sorted[next[facts[place].Lane]++] = place;
        return sorted;
    }

    public NpgsqlBatchCommand Command()
    {
        if (_places is [var only]) return OneNumber.Command(_facts[only]);

        var (names, kinds) = Kinds();
        return new(Sql)
        {
            Parameters =
            {
                new() { Value = _topic },
                new() { Value = _lanes },
                new() { Value = Array.ConvertAll(_lanes, lane => _counts[lane]) },
                new() { Value = Array.ConvertAll(_lanes, lane => _lasts[lane]!.Value.Value) },
                // Arrays of PostgreSQL begin with 1.
                new() { Value = Each(fact => _placeOfLane[fact.Lane] + 1) },
                new() { Value = _followers },
                new() { Value = Each(fact => fact.Id.Value) },
                new() { Value = names },
                new() { Value = kinds },
                new() { Value = Each(fact => fact.Key) },
                new()
                {
                    Value = Each(fact => fact.Body),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
                },
                new() { Value = Traces(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
    }

    public static bool IsAnswer(NpgsqlDataReader rows) =>
        rows.FieldCount == 2 && rows.GetName(0) == "last_number";

    /// <summary>The answer, into the places that the facts have among all.</summary>
    public async Task Read(NpgsqlDataReader rows, NumberedFact[] into, CancellationToken cancellation)
    {
        var ends = new long[_lanes.Length];
        var previous = new FactId?[_lanes.Length];
        for (var lane = 0; await rows.ReadAsync(cancellation); lane++)
            (ends[lane], previous[lane]) =
                (rows.GetInt64(0), rows.IsDBNull(1) ? null : new(rows.GetGuid(1)));

        for (var place = 0; place < _places.Length; place++)
        {
            var fact = _facts[_places[place]];
            var lane = _placeOfLane[fact.Lane];
            into[_places[place]] = new(fact, ends[lane] - _followers[place], previous[lane]);
            previous[lane] = fact.Id;
        }
    }

    /// <summary>The few wire names, and each fact's place among them.</summary>
    private (string[] Names, int[] Kinds) Kinds()
    {
        var names = new List<string>();
        var kinds = Each(fact =>
        {
            // Arrays of PostgreSQL begin with 1.
            var kind = names.IndexOf(fact.WireName) + 1;
            if (kind == 0) names.Add(fact.WireName);
            return kind == 0 ? names.Count : kind;
        });
        return ([.. names], kinds);
    }

    private string?[] Traces()
    {
        var traces = Each(fact => fact.Trace);
        return Array.Exists(traces, trace => trace is not null) ? traces : [];
    }

    private T[] Each<T>(Func<OutgoingFact, T> part)
    {
        var values = new T[_places.Length];
        for (var place = 0; place < values.Length; place++) values[place] = part(_facts[_places[place]]);
        return values;
    }
}
