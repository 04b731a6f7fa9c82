using System.Text;
using Billing.Contracts.Values;

namespace Billing.Contracts.Tests;

public class LaneTests
{
    // From Kafka's own Java client 4.3.1 (Utils.murmur2), and equal in librdkafka's self-test.
    [TestCase("", 275646681)]
    [TestCase("a", -1563381124)]
    [TestCase("ab", 316155434)]
    [TestCase("abc", 479470107)]
    [TestCase("abcd", -1323649548)]
    [TestCase("21", -973932308)]
    [TestCase("foobar", -790332482)]
    [TestCase("a-little-bit-long-string", -985981536)]
    [TestCase("a-little-bit-longer-string", -1486304829)]
    [TestCase("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [TestCase("Société", 1093502418)]
    [TestCase("客户", 1463422313)]
    [TestCase("😀", 131881617)]
    [TestCase("ÿþ", -1869419400)]
    public void murmur2_is_that_of_the_clients_of_kafka(string text, int expected) =>
        Lanes.Murmur2(Encoding.UTF8.GetBytes(text)).ShouldBe(expected);

    // Lane and partition as Java's default partitioner gives them for 64 and for 8 partitions.
    [TestCase("tenant-1", 11, 3)]
    [TestCase("acme", 4, 4)]
    [TestCase("org_42", 27, 3)]
    [TestCase("foobar", 62, 6)]
    [TestCase("21", 44, 4)]
    public void a_tenant_has_the_lane_and_partition_that_kafka_would_choose(string tenant, int lane, int partition)
    {
        Lanes.Of(TenantId.Of(tenant)).ShouldBe(lane);
        Lanes.Partition(lane, Topics.Partitions).ShouldBe(partition);
    }

    [Test]
    public void every_partition_carries_the_same_number_of_lanes() =>
        Enumerable.Range(0, Lanes.Count).GroupBy(lane => Lanes.Partition(lane, Topics.Partitions))
            .ShouldAllBe(partition => partition.Count() == Lanes.Count / Topics.Partitions);

    [Test]
    public void the_catalog_has_one_partition_for_every_lane() =>
        Enumerable.Range(0, Lanes.Count).ShouldAllBe(lane => Lanes.Partition(lane, Topics.CatalogPartitions) == 0);

    [TestCase(-1, 8)]
    [TestCase(64, 8)]
    [TestCase(0, 0)]
    public void a_lane_or_count_that_cannot_be_is_refused(int lane, int partitions) =>
        Should.Throw<ArgumentOutOfRangeException>(() => Lanes.Partition(lane, partitions));

    [Test]
    public void no_tenant_has_no_lane() =>
        Should.Throw<InvalidOperationException>(() => Lanes.Of(default));
}
