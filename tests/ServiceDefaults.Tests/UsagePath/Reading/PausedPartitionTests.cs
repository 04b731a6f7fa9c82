using System.Text.Json;
using Billing.Contracts;
using Billing.Testbed;

namespace Billing.ServiceDefaults.Tests.UsagePath.Reading;

/// <summary>Partitions change hands while the broker has to wait for a slow batch.</summary>
[Parallelizable(ParallelScope.Self)]
public class PausedPartitionTests
{
    private const int EachLane = 15;

    // All of them together are more than a batch at work and one that waits behind it.
    private static readonly string Padding = new('x', 200 * 1024);

    private static readonly int[] Lanes = [.. Enumerable.Range(0, Topics.Partitions)];

    private TestDatabase _database = null!;
    private PathBroker _broker = null!;

    [SetUp]
    public async Task Make() =>
        (_database, _broker) = (await Books.Create(), await PathBroker.Start(BrokerKind.Embedded));

    [TearDown]
    public async Task Remove()
    {
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task what_was_paused_when_it_was_given_away_is_read_when_it_comes_back()
    {
        var gate = new TaskCompletionSource();
        using var publisher = new Publisher(_broker.Address);
        await using var first = await Reader.Run(_database, _broker.Address, group: null);
        first.Handler.OnBatch = (_, _) => gate.Task;
        await Eventually.Is(() => Said(first, "Reads billing") >= 1);

        for (var number = 1; number <= EachLane; number++)
            foreach (var lane in Lanes)
                publisher.Fact(lane, number, body: JsonSerializer.SerializeToUtf8Bytes(
                    new { key = "k", @do = "book", Padding }));
        publisher.Flush();
        await Eventually.Is(() => Said(first, "has to wait") >= 1);

        await using (await Reader.Run(_database, _broker.Address, group: null))
        {
            await Eventually.Is(() => Said(first, "Gave billing") >= 1);
            gate.SetResult();
            await Eventually.Is(async () => await _database.Count() == EachLane * Lanes.Length);
            await Eventually.Is(() => Said(first, "goes on") > 0);
        }

        // What the other one had is back. A group that was slow to agree has given it in several turns.
        await Eventually.Is(() => Said(first, "Reads billing") >= 2);
        foreach (var lane in Lanes) publisher.Fact(lane, EachLane + 1);

        await Eventually.Is(async () => await _database.Count() == (EachLane + 1) * Lanes.Length);
        var numbers = await _database.Numbers();
        foreach (var lane in Lanes)
            numbers[lane].ShouldBe(Enumerable.Range(1, EachLane + 1).Select(number => (long)number));
    }

    private static int Said(Reader reader, string words) =>
        reader.Log.Lines.Count(line => line.Contains(words, StringComparison.Ordinal));
}
