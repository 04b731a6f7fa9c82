using Google.Protobuf;

namespace Aspire.Hosting.Dashboard;

/// <summary>Reads protobuf fields in place. Whatever is wrong with the bytes is an
/// <see cref="InvalidProtocolBufferException"/> or <see cref="MalformedOtlp"/>.</summary>
internal sealed class OtlpInput(byte[] body) : IDisposable
{
    public const uint Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5;

    private readonly CodedInputStream _input = new(body);
    private long _end = body.Length;

    /// <summary>Field number and wire type, as in the protobuf encoding: <c>field &lt;&lt; 3 | wire type</c>.</summary>
    public uint Tag { get; private set; }

    public bool Next()
    {
        if (_input.Position > _end) throw new MalformedOtlp("A field is longer than its message.");
        if (_input.Position == _end) return false;

        Tag = _input.ReadTag();
        return true;
    }

    /// <summary>Begins the message that the current field holds; give the result to <see cref="Leave"/>.</summary>
    public long Enter()
    {
        var outer = _end;
        var length = _input.ReadLength();
        if (length < 0 || length > outer - _input.Position)
            throw new MalformedOtlp("A message is longer than the one around it.");

        _end = _input.Position + length;
        return outer;
    }

    public void Leave(long outer)
    {
        if (_input.Position != _end) throw new MalformedOtlp("A field is longer than its message.");
        _end = outer;
    }

    public void Skip() => _input.SkipLastField();

    public string Text() => _input.ReadString();

    public bool Flag() => _input.ReadBool();

    public int Number() => _input.ReadInt32();

    public int SignedNumber() => _input.ReadSInt32();

    public long Integer() => _input.ReadInt64();

    public long FixedInteger() => _input.ReadSFixed64();

    public double Real() => _input.ReadDouble();

    /// <summary>Counts and times are unsigned on the wire; what no clock and no counter reaches is cut off.</summary>
    public long Fixed() => (long)Math.Min(_input.ReadFixed64(), long.MaxValue);

    public byte[] Bytes() => _input.ReadBytes().ToByteArray();

    public UInt128 TraceId() => Bytes() is { Length: 16 } id
        ? System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(id)
        : UInt128.Zero;

    public ulong SpanId() => Bytes() is { Length: 8 } id
        ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(id)
        : 0;

    public void PackedFixed(List<long> into) => Packed(into, static input => input.Fixed());

    public void PackedReal(List<double> into) => Packed(into, static input => input.Real());

    public void PackedVarint(List<long> into) => Packed(into, static input => input.Unsigned());

    public long Unsigned() => (long)Math.Min(_input.ReadUInt64(), long.MaxValue);

    public void Dispose() => _input.Dispose();

    private void Packed<T>(List<T> into, Func<OtlpInput, T> read)
    {
        var outer = Enter();
        while (_input.Position < _end) into.Add(read(this));
        Leave(outer);
    }
}

/// <summary>The sender's bytes are not what the protocol says; the message is for the sender.</summary>
internal sealed class MalformedOtlp(string message) : Exception(message);
