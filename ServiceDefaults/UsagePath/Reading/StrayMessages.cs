using System.Security.Cryptography;
using System.Text;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath.Parking;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Messages that have no number, to be parked: each content has one id, however often it comes.
/// </summary>
internal static class StrayMessages
{
    public static ParkedRow Row(ConsumeResult<byte[], byte[]> message, string reason)
    {
        var (key, body) = (message.Message.Key, message.Message.Value ?? []);
        var headers = ParkedRow.Text(message.Message.Headers);
        var id = DerivedId.From(
            "message", message.Topic, Hash(key ?? []), Hash(body), Hash(Encoding.UTF8.GetBytes(headers)));
        return new(
            message.Topic, message.Partition, null, null, id, null, $"fact:{new FactId(id)}", key, body,
            headers, reason);
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
