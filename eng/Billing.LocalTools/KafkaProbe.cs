using System.Buffers.Binary;
using System.Net.Sockets;

namespace Billing.LocalTools;

/// <summary>Asks a broker for its metadata: the question whose answer says that it serves clients.</summary>
public static class KafkaProbe
{
    private const short Metadata = 3;
    private const short MetadataVersion = 4; // the oldest that makes no topics; since Kafka 0.11
    private const int Correlation = 1;
    private const int NoTopics = 0;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(3);
    private const int AtMost = 16 * 1024 * 1024;

    /// <summary>
    /// Null when a broker of the list (<c>host:port,…</c>, plain text) answers, else why the last did not.
    /// </summary>
    public static async Task<string?> Ask(string bootstrapServers, CancellationToken cancellation)
    {
        var why = "no address is given";
        const StringSplitOptions tidy =
            StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        foreach (var server in bootstrapServers.Split(',', tidy))
        {
            why = await AskOne(server, cancellation);
            if (why is null) return null;
        }

        return why;
    }

    private static async Task<string?> AskOne(string server, CancellationToken cancellation)
    {
        var colon = server.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(server.AsSpan(colon + 1), out var port))
            return $"'{server}' is not host:port";

        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server[..colon].Trim('[', ']'), port, limited.Token);
            var brokers = await Brokers(client.GetStream(), limited.Token);
            return brokers > 0 ? null : $"{server} knows of no broker yet";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"{server} does not answer within {patience.TotalSeconds} s";
        }
        catch (Exception silent) when (silent is SocketException or IOException or InvalidDataException)
        {
            return $"{server} does not answer as a Kafka broker ({silent.Message.TrimEnd('.')})";
        }
    }

    /// <summary>How many brokers the answer lists: none while it has not joined its cluster yet.</summary>
    private static async Task<int> Brokers(NetworkStream stream, CancellationToken cancellation)
    {
        await stream.WriteAsync(Request(), cancellation);

        var size = new byte[4];
        await stream.ReadExactlyAsync(size, cancellation);
        var length = BinaryPrimitives.ReadInt32BigEndian(size);
        if (length is < 12 or > AtMost) throw new InvalidDataException("another protocol");

        var answer = new byte[length]; // correlation id, throttle time, number of brokers, …
        await stream.ReadExactlyAsync(answer, cancellation);
        return BinaryPrimitives.ReadInt32BigEndian(answer) == Correlation
            ? BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(8))
            : throw new InvalidDataException("another protocol");
    }

    private static byte[] Request()
    {
        var client = "billing-probe"u8;
        var request = new byte[4 + 2 + 2 + 4 + 2 + client.Length + 4 + 1];
        var rest = request.AsSpan();
        BinaryPrimitives.WriteInt32BigEndian(rest, request.Length - 4);
        BinaryPrimitives.WriteInt16BigEndian(rest[4..], Metadata);
        BinaryPrimitives.WriteInt16BigEndian(rest[6..], MetadataVersion);
        BinaryPrimitives.WriteInt32BigEndian(rest[8..], Correlation);
        BinaryPrimitives.WriteInt16BigEndian(rest[12..], (short)client.Length);
        client.CopyTo(rest[14..]);
        BinaryPrimitives.WriteInt32BigEndian(rest[(14 + client.Length)..], NoTopics);
        // The last byte stays 0: no topic is to be made for this.
        return request;
    }
}
