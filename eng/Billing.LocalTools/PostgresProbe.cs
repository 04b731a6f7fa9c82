using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Billing.LocalTools;

/// <summary>Asks whether a server on 127.0.0.1 takes connections, without a password.</summary>
public static class PostgresProbe
{
    private const int Protocol3 = 196_608;
    private const byte Authentication = (byte)'R';

    /// <summary>
    /// False while nothing listens, or while the server is starting, recovering or stopping.
    /// </summary>
    public static async Task<bool> Answers(int port, CancellationToken cancellation)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancellation);
            var stream = client.GetStream();
            await stream.WriteAsync(Startup(), cancellation);
            var answer = new byte[1];

            // A server that is not ready yet answers E; one that is asks for the password.
            return await stream.ReadAsync(answer, cancellation) == 1 && answer[0] == Authentication;
        }
        catch (Exception silent) when (silent is SocketException or IOException)
        {
            return false;
        }
    }

    private static byte[] Startup()
    {
        var parameters = "user\0billing_admin\0database\0postgres\0\0"u8;
        var message = new byte[8 + parameters.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), Protocol3);
        parameters.CopyTo(message.AsSpan(8));

        return message;
    }
}
