using System.Net;
using System.Net.Sockets;

namespace Billing.LocalTools;

/// <summary>Ports of 127.0.0.1 that nobody listens on.</summary>
public static class FreePort
{
    // Below the range from which systems take ports for outgoing connections: what is free now is not taken by
    // a passing connection before the server that it is for has started.
    private const int First = 20_000;
    private const int Last = 29_999;

    /// <summary>A port that was free a moment ago.</summary>
    /// <exception cref="PreparationFailed">None of a hundred was.</exception>
    public static int Find()
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var port = Random.Shared.Next(First, Last + 1);
            if (IsFree(port)) return port;
        }

        throw new PreparationFailed($"No port between {First} and {Last} of 127.0.0.1 is free.");
    }

    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
