using System.Buffers.Binary;
using System.Text;
using Billing.Contracts.Values;

namespace Billing.Contracts;

/// <summary>
/// A tenant's facts keep their order because they share one lane, for the life of an installation
/// (docs/adr/0005).
/// </summary>
public static class Lanes
{
    /// <summary>Kept in each database and compared at start; another number would reorder tenants.</summary>
    public const int Count = 64;

    /// <summary>0 … 63. Hashes the bytes of the id as Kafka's own default partitioner does.</summary>
    public static int Of(TenantId tenant)
    {
        Span<char> text = stackalloc char[TenantId.LongestText];
        Span<byte> bytes = stackalloc byte[TenantId.LongestText]; // a tenant id is ASCII
        var length = Encoding.UTF8.GetBytes(text[..tenant.Write(text)], bytes);
        return (Murmur2(bytes[..length]) & int.MaxValue) % Count;
    }

    /// <summary>
    /// The partition of a topic that carries the lane. Where <paramref name="partitions"/> divides 64, this
    /// is also where Kafka's default partitioner puts the tenant id as a key.
    /// </summary>
    public static int Partition(int lane, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);

        return lane % partitions;
    }

    /// <summary>MurmurHash2, 32 bits, with the seed that Kafka's clients use.</summary>
    public static int Murmur2(ReadOnlySpan<byte> data)
    {
        const uint Seed = 0x9747b28c, Multiplier = 0x5bd1e995;

        unchecked // a hash wraps
        {
            var hash = Seed ^ (uint)data.Length;
            for (; data.Length >= 4; data = data[4..])
            {
                var block = BinaryPrimitives.ReadUInt32LittleEndian(data) * Multiplier;
                block = (block ^ (block >> 24)) * Multiplier;
                hash = (hash * Multiplier) ^ block;
            }

            if (data.Length > 2) hash ^= (uint)data[2] << 16;
            if (data.Length > 1) hash ^= (uint)data[1] << 8;
            if (data.Length > 0) hash = (hash ^ data[0]) * Multiplier;

            hash = (hash ^ (hash >> 13)) * Multiplier;
            return (int)(hash ^ (hash >> 15));
        }
    }
}
