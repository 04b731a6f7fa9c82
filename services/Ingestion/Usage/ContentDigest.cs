using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Tells equal content from other content under the same name: the first 16 bytes of SHA-256 over what the
/// producer said, whatever format and spelling it was said in. Stored for ever, so it never changes.
/// </summary>
public static class ContentDigest
{
    private const byte Version = 1;
    private const int Usual = 1024;

    public static Guid Of(UsageEvent usage)
    {
        var most = Most(usage);
        var rented = most > Usual ? ArrayPool<byte>.Shared.Rent(most) : null;
        var buffer = rented ?? stackalloc byte[Usual];
        var length = Write(usage, buffer);

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer[..length], digest);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return new(digest[..16], bigEndian: true);
    }

    private static int Most(UsageEvent usage)
    {
        var characters = usage.Type.Length + usage.Tenant.ToString().Length
            + (usage.Change?.OriginalId.Length ?? 0);
        foreach (var (name, value) in usage.Properties) characters += name.Length + value.Length;

        return 3 * characters + 4 * (4 + 2 * usage.Properties.Length) + 16;
    }

    private static int Write(UsageEvent usage, Span<byte> into)
    {
        into[0] = Version;
        into[1] = (byte)usage.Scope;
        into[2] = (byte)(usage.Change is null ? 0 : usage.Change.IsCancel ? 1 : 2);
        BinaryPrimitives.WriteInt64BigEndian(into[3..], usage.UsedAt?.UtcTicks ?? -1);
        var length = 11;
        Append(usage.Type, into, ref length);
        Append(usage.Tenant.ToString(), into, ref length);
        Append(usage.Change?.OriginalId ?? "", into, ref length);
        foreach (var (name, value) in usage.Properties)
        {
            Append(name, into, ref length);
            Append(value, into, ref length);
        }

        return length;
    }

    // Led by its length, so that no two different contents read alike.
    private static void Append(string text, Span<byte> into, ref int length)
    {
        var bytes = Encoding.UTF8.GetBytes(text, into[(length + 4)..]);
        BinaryPrimitives.WriteInt32BigEndian(into[length..], bytes);
        length += 4 + bytes;
    }
}
