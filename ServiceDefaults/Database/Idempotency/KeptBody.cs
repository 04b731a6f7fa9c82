namespace Billing.ServiceDefaults.Database.Idempotency;

/// <summary>
/// Holds an answer's body back until it is stored. One that is too large to store goes on to the connection.
/// </summary>
internal sealed class KeptBody(Stream connection) : Stream
{
    public const int Largest = 256 * 1024;

    private MemoryStream? _held = new();

    /// <summary>Null when it was too large, and has been sent already.</summary>
    public byte[]? Bytes => _held?.ToArray();

    public async Task Send(CancellationToken cancellation)
    {
        if (_held is not { } held) return;

        held.Position = 0;
        await held.CopyToAsync(connection, cancellation);
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_held is { } held && held.Length + buffer.Length <= Largest)
        {
            held.Write(buffer.Span);
            return;
        }

        await Send(cancellationToken);
        _held = null;
        await connection.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(
        byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _held is null ? connection.FlushAsync(cancellationToken) : Task.CompletedTask;

    public override bool CanWrite => true;
    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override void Flush() { }
    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Bodies are written asynchronously.");
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }
}
