using System.Net;
using System.Net.Sockets;

namespace Aspire.Hosting.Orchestration;

/// <summary>
/// Ports on the loopback addresses, kept for this application while it runs: a bound socket that does not
/// listen lets the resource listen (both reuse the address) and keeps the port from everybody who asks for
/// any free one, also while the resource is being restarted.
/// </summary>
internal sealed class Ports : IDisposable
{
    private const int Attempts = 50;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, List<Socket>> _kept = [];

    /// <summary>A port that is free on every loopback address.</summary>
    public int KeepAny()
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var first = Bind(IPAddress.Loopback, port: 0);
            var port = ((IPEndPoint)first!.LocalEndPoint!).Port;
            if (!Socket.OSSupportsIPv6)
            {
                Add(port, [first]);
                return port;
            }

            if (Bind(IPAddress.IPv6Loopback, port) is { } second)
            {
                Add(port, [first, second]);
                return port;
            }

            first.Dispose();
        }

        throw new DistributedApplicationException("There is no free port on this machine.");
    }

    /// <returns>False when somebody listens on it.</returns>
    public bool TryKeep(int port)
    {
        lock (_lock)
        {
            if (_kept.ContainsKey(port)) return false;
        }

        var first = Bind(IPAddress.Loopback, port);
        if (first is null) return false;
        if (!Socket.OSSupportsIPv6)
        {
            Add(port, [first]);
            return true;
        }

        var second = Bind(IPAddress.IPv6Loopback, port);
        if (second is null)
        {
            first.Dispose();
            return false;
        }

        Add(port, [first, second]);
        return true;
    }

    /// <summary>Lets go of a port, for somebody who cannot share it while he opens it.</summary>
    public void Release(int port)
    {
        List<Socket>? sockets;
        lock (_lock) _kept.Remove(port, out sockets);
        foreach (var socket in sockets ?? []) socket.Dispose();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var socket in _kept.Values.SelectMany(each => each)) socket.Dispose();
            _kept.Clear();
        }
    }

    private void Add(int port, List<Socket> sockets)
    {
        lock (_lock) _kept[port] = sockets;
    }

    private static Socket? Bind(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, port));
            return socket;
        }
        catch (SocketException taken) when (port != 0)
        {
            socket.Dispose();
            // An address family that the machine has switched off takes nothing from anybody.
            return taken.SocketErrorCode == SocketError.AddressNotAvailable
                ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : null;
        }
    }
}
