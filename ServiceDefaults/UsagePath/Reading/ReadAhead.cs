using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// What can be made of messages of a numbered topic while they wait for their turn. For one thread.
/// </summary>
internal sealed class ReadAhead(IFactHandler handler)
{
    private readonly Texts _texts = new();

    public NumberedMessage Read(ConsumeResult<byte[], byte[]> message)
    {
        var read = NumberedMessage.Read(message, _texts);
        if (read.Fact is not { } fact) return read;

        try
        {
            return handler.Read(fact.Fact) is { } reading ? new(fact.With(reading), null) : read;
        }
#pragma warning disable CA1031 // In its turn the handler meets the same again, and there it is the fact's.
        catch (Exception)
#pragma warning restore CA1031
        {
            return read;
        }
    }
}
