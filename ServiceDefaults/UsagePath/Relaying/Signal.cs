using System.Threading.Channels;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>Wakes one loop. However often it is set before the loop looks, it looks once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set() => _channel.Writer.TryWrite(true);

    public ValueTask<bool> Wait(CancellationToken cancellation) => _channel.Reader.ReadAsync(cancellation);
}
