using System.Security.Cryptography;

namespace Wolverine.Runtime;

/// <summary>
/// Version 7 ids that only grow within a process, whatever the clock does: so messages that are read back
/// from storage can be put in the order in which they were sent.
/// </summary>
internal sealed class EnvelopeIds(TimeProvider time)
{
    private readonly Lock guard = new();
    private long last;

    public Guid Next()
    {
        long stamp;
        lock (guard)
        {
            // Milliseconds, and twelve bits that count within one.
            stamp = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds() << 12, last + 1);
            last = stamp;
        }

        Span<byte> id = stackalloc byte[16];
        RandomNumberGenerator.Fill(id[8..]);
        for (var place = 0; place < 6; place++) id[place] = (byte)((stamp >> (52 - (8 * place))) & 0xFF);
        id[6] = (byte)(0x70 | ((stamp >> 8) & 0x0F));
        id[7] = (byte)(stamp & 0xFF);
        id[8] = (byte)(0x80 | (id[8] & 0x3F));

        return new(id, bigEndian: true);
    }
}
