using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Billing.Bench;

/// <summary>
/// One connection that sends one call after the other and waits for its answer on its own thread. It costs
/// the machine as little as a caller can, so that what is measured is the service.
/// </summary>
internal sealed class Caller : IDisposable
{
    private const int MostAnswer = 1024 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly string _always;
    private byte[] _answer = new byte[16 * 1024];

    /// <param name="authorization">The value of that header; null for none.</param>
    public Caller(Uri address, string? authorization)
    {
        _socket.Connect(IPAddress.Parse(address.Host), address.Port);
        _always = $" HTTP/1.1\r\nHost: {address.Authority}\r\n"
            + (authorization is null ? "" : $"Authorization: {authorization}\r\n");
    }

    /// <summary>What an answer says. Its body lasts until the next call.</summary>
    public readonly ref struct Answer(int status, ReadOnlySpan<byte> body)
    {
        public int Status => status;

        public ReadOnlySpan<byte> Body { get; } = body;
    }

    public Answer Get(string path)
    {
        _socket.Send(Encoding.ASCII.GetBytes($"GET {path}{_always}\r\n"));
        return Read();
    }

    public Answer Post(string path, string type, ReadOnlySpan<byte> body)
    {
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST {path}{_always}Content-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n");
        var request = new byte[head.Length + body.Length];
        Encoding.ASCII.GetBytes(head, request);
        body.CopyTo(request.AsSpan(head.Length));
        _socket.Send(request);
        return Read();
    }

    public void Dispose() => _socket.Dispose();

    private Answer Read()
    {
        var (length, head) = (0, -1);
        while (head < 0)
        {
            length += Receive(length);
            head = _answer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
        }

        if (!Utf8Parser.TryParse(_answer.AsSpan(9, 3), out int status, out _))
            throw new BenchFailed("an answer has no status.");

        var header = _answer.AsSpan(0, head);
        var begin = head + 4;
        if (header.IndexOf("\r\nTransfer-Encoding: chunked"u8) >= 0)
            return new(status, Chunks(begin, length));

        var at = header.IndexOf("\r\nContent-Length: "u8);
        if (at < 0 || !Utf8Parser.TryParse(header[(at + 18)..], out int body, out _))
            throw new BenchFailed($"an answer has no length: {Encoding.UTF8.GetString(header)}");

        while (length < begin + body) length += Receive(length);
        return new(status, _answer.AsSpan(begin, body));
    }

    /// <summary>Puts the chunks together, in place.</summary>
    private ReadOnlySpan<byte> Chunks(int begin, int length)
    {
        var (next, end) = (begin, begin);
        while (true)
        {
            int line;
            while ((line = _answer.AsSpan(next, length - next).IndexOf("\r\n"u8)) < 0)
                length += Receive(length);
            if (!Utf8Parser.TryParse(_answer.AsSpan(next, line), out int size, out _, 'X'))
                throw new BenchFailed("an answer has a chunk without a length.");

            next += line + 2;
            while (length < next + size + 2) length += Receive(length);
            _answer.AsSpan(next, size).CopyTo(_answer.AsSpan(end));
            if (size == 0) return _answer.AsSpan(begin, end - begin);

            (next, end) = (next + size + 2, end + size);
        }
    }

    private int Receive(int length)
    {
        if (length == _answer.Length)
        {
            if (length >= MostAnswer) throw new BenchFailed("an answer is too long.");
            Array.Resize(ref _answer, 2 * length);
        }

        var received = _socket.Receive(_answer.AsSpan(length));
        return received > 0 ? received : throw new BenchFailed("the service ended a connection.");
    }
}
