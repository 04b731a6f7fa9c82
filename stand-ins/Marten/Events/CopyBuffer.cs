using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Marten.Events;

/// <summary>Values in the form of PostgreSQL's binary COPY, each behind its length.</summary>
internal sealed class CopyBuffer(int size) : IBufferWriter<byte>, IDisposable
{
    private static readonly byte[] head =
        [.. "PGCOPY\n"u8, 0xff, .. "\r\n\0"u8, .. new byte[2 * sizeof(int)]];

    private static readonly long epoch = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).UtcTicks;

    // A row more than it is full.
    private byte[] bytes = ArrayPool<byte>.Shared.Rent(size + (size / 4));

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Dispose() => ArrayPool<byte>.Shared.Return(bytes);

    /// <summary>The signature, no flags, no more header.</summary>
    public void Begin() => head.CopyTo(Next(head.Length));

    public void End() => Int16(-1);

    public void Byte(byte value) => Next(1)[0] = value;

    public void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Next(2), value);

    public void Field(long value)
    {
        var field = Next(12);
        BinaryPrimitives.WriteInt32BigEndian(field, 8);
        BinaryPrimitives.WriteInt64BigEndian(field[4..], value);
    }

    public void Field(Guid value)
    {
        var field = Next(20);
        BinaryPrimitives.WriteInt32BigEndian(field, 16);
        value.TryWriteBytes(field[4..], bigEndian: true, out _);
    }

    /// <summary>What is finer than a microsecond is cut.</summary>
    public void Field(DateTimeOffset value) => Field((value.UtcTicks - epoch) / TimeSpan.TicksPerMicrosecond);

    public void Field(ReadOnlySpan<byte> value)
    {
        var field = Next(4 + value.Length);
        BinaryPrimitives.WriteInt32BigEndian(field, value.Length);
        value.CopyTo(field[4..]);
    }

    public void Field(string? value)
    {
        if (value is null)
        {
            BinaryPrimitives.WriteInt32BigEndian(Next(4), -1);
            return;
        }

        var start = BeginField();
        Advance(Encoding.UTF8.GetBytes(value, GetSpan(Encoding.UTF8.GetMaxByteCount(value.Length))));
        EndField(start);
    }

    /// <summary>What is written from here on is one field.</summary>
    public int BeginField()
    {
        Next(4);

        return Length;
    }

    public void EndField(int start) =>
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(start - 4), Length - start);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);

        return bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);

        return bytes.AsSpan(Length);
    }

    private Span<byte> Next(int count)
    {
        Ensure(count);
        var next = bytes.AsSpan(Length, count);
        Length += count;

        return next;
    }

    private void Ensure(int more)
    {
        if (bytes.Length - Length >= Math.Max(more, 1)) return;

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(bytes.Length * 2, Length + more));
        bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }
}
