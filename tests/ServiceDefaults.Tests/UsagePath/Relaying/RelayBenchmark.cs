using System.Diagnostics;
using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>
/// How many facts a second go from a transaction to the broker's acknowledgment. Only at full size.
/// </summary>
[TestFixtureSource(typeof(Brokers), nameof(Brokers.All))]
internal sealed class RelayBenchmark(BrokerKind kind)
{
    private const int Bytes = 320;

    [TestCase(2_000, 200)]
    [TestCase(200, 500)]
    [TestCase(1, 2_000)]
    public async Task facts_a_second(int perBatch, int batches)
    {
        if (!TestSize.Full) Assert.Ignore("measures only at full size");

        var broker = await Brokers.Shared(kind);
        await Topics(broker);
        await using var database = await TestDatabase.Create(Resources.Ingestion, GetType().Assembly);
        var facts = Enumerable.Range(0, batches).Select(batch => Enumerable.Range(0, perBatch)
            .Select(id => Sender.Fact(
                (batch + (id * 7)) % Lanes.Count, (batch * perBatch) + id, bytes: Bytes) with
            {
                Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            }).ToArray()).ToArray();

        await using (var alone = Sender.Of(database, broker))
            await Measure("send_facts + commit", perBatch, facts[..(batches / 2)], alone, 0);

        await using var sender = await Sender.Run(database, broker);
        var before = perBatch * (batches / 2);
        await Eventually.Is(() => sender.Acknowledged == before);
        await Measure("… + relay", perBatch, facts[(batches / 2)..], sender, perBatch * batches);
    }

    private static async Task Measure(
        string what, int perBatch, OutgoingFact[][] batches, Sender sender, long acknowledged)
    {
        await sender.Send(); // a connection
        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes();
        var (process, postgres, java, broker) =
            (Environment.CpuUsage.TotalTime, Cpu("postgres"), Cpu("java"), Cpu("Billing.Broker"));
        var clock = Stopwatch.StartNew();
        foreach (var batch in batches) await sender.Send(batch);
        var sent = clock.Elapsed;
        while (sender.Acknowledged < acknowledged) await Task.Delay(1);

        var all = clock.Elapsed;
        double count = batches.Sum(batch => batch.Length);
        process = Environment.CpuUsage.TotalTime - process;
        TestContext.Out.WriteLine(
            $"{what}, {perBatch} a batch: {count / all.TotalSeconds:F0} facts/s "
            + $"(committed {count / sent.TotalSeconds:F0}/s); CPU per fact: here "
            + $"{process.TotalMicroseconds / count:F1} µs, "
            + $"PostgreSQL {(Cpu("postgres") - postgres) / count:F1} µs, "
            + $"Kafka {(Cpu("java") - java) / count:F1} µs, "
            + $"embedded {(Cpu("Billing.Broker") - broker) / count:F1} µs; "
            + $"{(GC.GetTotalAllocatedBytes() - allocated) / count:F0} bytes allocated");
    }

    /// <summary>Microseconds of all processes of that name, on a machine that runs no others of it.</summary>
    internal static double Cpu(string name) =>
        Directory.GetDirectories("/proc").Select(folder => Path.Combine(folder, "stat"))
            .Select(file => File.Exists(file) ? Read(file) : "")
            .Where(text => text.Contains($"({name[..Math.Min(15, name.Length)]})"))
            .Select(text => text[(text.LastIndexOf(')') + 2)..].Split(' '))
            .Sum(fields => (double.Parse(fields[11]) + double.Parse(fields[12])) * 10_000);

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return ""; // it has ended
        }
    }

    private static async Task Topics(string broker)
    {
        foreach (var service in Resources.Services)
            await Billing.ServiceDefaults.Kafka.KafkaTopics.Ensure(
                Tests.Kafka.KafkaTests.To(broker), service,
                Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, CancellationToken.None);
    }
}
