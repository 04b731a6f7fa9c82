using System.Reflection;
using System.Runtime.InteropServices;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.ServiceDefaults.Kafka;
using Billing.ServiceDefaults.UsagePath.Relaying;
using Billing.Testbed;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>Numbers that memory does not have, and clients that fail for good.</summary>
[Parallelizable(ParallelScope.Self)]
internal sealed partial class RelayAfterTroubleTests : RelayFixture
{
    [OneTimeSetUp]
    public async Task Prepare() => Broker = await Brokers.Shared(BrokerKind.Embedded);

    [Test]
    public async Task what_other_processes_commit_is_published_too()
    {
        await using var sender = await Run();
        await using var other = Mute();
        using var reader = Read();

        for (var batch = 0; batch < 20; batch++)
            await (batch % 2 == 0 ? other : sender).Send(Facts(batch * 35, 35));

        await reader.Until(() => reader.Facts.Count >= 700);
        reader.Facts.Count.ShouldBe(700);
        reader.ShouldBeWhole(700);
    }

    [Test]
    public async Task a_long_backlog_is_read_in_pages_and_goes_out_in_order()
    {
        await using (var before = Mute()) await before.Send(Facts(0, 9_000, lanes: 3));
        await using var sender = await Run();
        await sender.Send(Facts(9_000, 300, lanes: 3));

        using var reader = Read();
        await reader.Until(() => reader.Count >= 9_300);
        reader.ShouldBeWhole(9_300);
        // The broker may tell of the last fact before the relay has let go of it.
        await Eventually.Is(() => sender.Get<RelayMemory>().Facts == 0);
    }

    [Test]
    public async Task what_finds_no_room_is_forgotten_and_read_later()
    {
        await using var sender = await Run(services => services
            .AddSingleton(new RelayMemory(200, 1_000_000))
            .AddSingleton(provider => new RelayPublisher(
                provider.GetRequiredService<KafkaConnection>(), 50, 1_000_000)));
        using var reader = Read();

        for (var batch = 0; batch < 30; batch++) await sender.Send(Facts(batch * 150, 150, bytes: 500));

        await reader.Until(() => reader.Count >= 4_500);
        reader.ShouldBeWhole(4_500);
        await Marked(4_500);
        await Eventually.Is(() => sender.Get<RelayMemory>().Facts == 0);
    }

    [Test]
    public async Task after_a_kill_another_process_takes_over_when_the_lease_has_run_out()
    {
        var killed = await Run();
        await Eventually.Is(() => killed.Get<RelayState>().Lanes.Length > 0);
        await using var next = await Run();
        await killed.Send(Facts(0, 70));
        await killed.Kill();
        // However long the rest takes on a slow machine.
        await Database.Do(Database.Writer, "update relay_leases set expires_at = now() + interval '1 hour'");
        await next.Send(Facts(70, 70));

        next.Get<RelayState>().Lanes.Length.ShouldBe(0, "the lease still runs");
        await Release();
        using var reader = Read();
        await reader.Until(() => reader.Count >= 140);
        reader.ShouldBeWhole(140);
        await Marked(140);
    }

    [Test]
    public async Task a_fatal_error_of_the_producer_makes_a_new_one_and_loses_nothing()
    {
        await using var sender = await Run();
        using var reader = Read();
        for (var batch = 0; batch < 30; batch++)
        {
            await sender.Send(Facts(batch * 100, 100));
            if (batch % 10 == 5) Break(sender.Kafka.Producer);
        }

        await reader.Until(() => reader.Count >= 3_000);
        reader.ShouldBeWhole(3_000);
        await Marked(3_000);
        // A tide may be under way at any moment.
        await Eventually.Is(() => sender.Get<RelayPublisher>().IsIdle);
    }

    [Test]
    public async Task a_fact_that_is_too_large_for_the_broker_stops_its_lane_alone()
    {
        await using var sender = await Run();
        using var reader = Read();
        await sender.Send(
            Sender.Fact(1, 1), Sender.Fact(1, 2, bytes: 3_000_000), Sender.Fact(9, 3), Sender.Fact(1, 4));
        await sender.Send(Sender.Fact(9, 5), Sender.Fact(1, 6));

        await reader.Until(() => reader.Facts.Count >= 3);
        await Marked(3);
        reader.Drain();
        reader.Facts.Select(fact => (fact.Lane, fact.Number)).Order().ShouldBe([(1, 1), (9, 1), (9, 2)]);
    }

    [Test]
    public async Task a_broker_that_forgot_everything_gets_it_again_for_whoever_asks()
    {
        await using (var lost = await Brokers.StartEmbedded())
        {
            await using var before = await Sender.Run(Database, lost.BootstrapServers);
            await before.Send(Facts(0, 140));
            await Marked(140);
        }

        await using var empty = await Brokers.StartEmbedded();
        Broker = empty.BootstrapServers;
        try
        {
            await using var sender = await Run();
            await sender.Send(Facts(140, 70));
            using var reader = Read();
            // The first tide may be made before the facts are committed.
            await reader.Until(() => reader.Facts.Count >= 70 && reader.Tides.Any(tide =>
                tide.Partition == 6 && tide.Lanes.Any(lane => lane is { Lane: 6, LastNumber: 30 })));
            // What was acknowledged does not come again by itself.
            reader.Facts.Select(fact => fact.Number).Min().ShouldBe(21);

            await Eventually.Is(async () =>
            {
                await Ask([.. Enumerable.Range(0, 7).Select(lane =>
                    new ReplayRequestV1("pricing", Sender.Topic, lane, Generation, 1, 20))]);
                reader.Drain();
                return reader.Count >= 210;
            });
            reader.Count.ShouldBe(210);
        }
        finally
        {
            Broker = await Brokers.Shared(BrokerKind.Embedded);
        }
    }

    [Test]
    public async Task numbers_that_the_broker_has_long_dropped_come_from_the_store()
    {
        await using var sender = await Run();
        for (var batch = 0; batch < 20; batch++)
            await sender.Send(Facts(batch * 100, 100, lanes: 1, bytes: 6_000));
        await Marked(2_000);
        using var reader = Read();
        await reader.Until(() => reader.Facts.Any(fact => fact.Number == 2_000));
        reader.Facts.Min(fact => fact.Number).ShouldBeGreaterThan(500, "5 MiB and not more are kept");

        await Eventually.Is(async () =>
        {
            await Ask(new ReplayRequestV1("pricing", Sender.Topic, 0, Generation, 1, 300));
            reader.Drain();
            return reader.Distinct.Any(fact => fact.Number == 300);
        });
        reader.Distinct.Select(fact => fact.Number).Where(number => number <= 300)
            .ShouldBe(Enumerable.Range(1, 300).Select(number => (long)number));
    }

    [Test]
    public async Task the_catalog_has_one_lane_and_one_tide()
    {
        await using var sender = await Sender.Run(Database, Broker, null, Topics.Catalog, Sender.Topic);
        using var reader = new TopicReader(Broker, Generation, Topics.Catalog);
        await sender.Send(
            Sender.Fact(0, 1, Topics.Catalog), Sender.Fact(5, 2), Sender.Fact(0, 3, Topics.Catalog));

        await reader.Until(() => reader.Tides.Any(tide => tide.Lanes[0].LastNumber == 2));
        reader.ShouldBeWhole(2);
        reader.Tides.ShouldAllBe(tide => tide.Partition == 0 && tide.Lanes.Count == 1);
    }

    /// <summary>As librdkafka's own tests do it.</summary>
    private static void Break(IProducer<byte[], byte[]> producer)
    {
        var handle = (SafeHandle)typeof(Handle).GetProperty(
            "LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic)!
            .GetValue(producer.Handle)!;
        var library = NativeLibrary.Load("librdkafka", typeof(Handle).Assembly, null);
        var fail = Marshal.GetDelegateForFunctionPointer<TestFatalError>(
            NativeLibrary.GetExport(library, "rd_kafka_test_fatal_error"));
        fail(handle.DangerousGetHandle(), (int)ErrorCode.OutOfOrderSequenceNumber, "as a test wants it");
    }

    private delegate int TestFatalError(
        nint client, int error, [MarshalAs(UnmanagedType.LPUTF8Str)] string reason);
}
