using System.Collections.Concurrent;
using System.Text;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Asks owners of topics to publish again what is missing. A request that is lost is asked again.
/// </summary>
internal sealed partial class AskForReplays(
    KafkaConnection kafka, ServiceIdentity service, ILogger<AskForReplays> logger)
{
    private static readonly byte[] WireName =
        Encoding.UTF8.GetBytes(WireNames.Of(typeof(ReplayRequestV1)));

    // By the client that has the request: another one, after a fatal error, knows nothing of it. While the
    // broker is away, a lane's requests would wait for it by the hundred.
    private readonly ConcurrentDictionary<(string Topic, int Lane), object> _underWay = [];

    /// <summary>Does not wait for the broker.</summary>
    public void Ask(string topic, IReadOnlyList<(Lane Lane, long From, long Through)> asks)
    {
        foreach (var (lane, from, through) in asks)
        {
            if (_underWay.GetValueOrDefault((topic, lane.Number)) == kafka.Producer) continue;

            var request = new ReplayRequestV1(
                service.Name, topic, lane.Number, lane.State.Generation!, from, through);
            Asks(topic, lane.Number, from, through);
            PathMetrics.ReplayAsked(topic);
            Send(request);
        }
    }

    private void Send(ReplayRequestV1 request)
    {
        var client = kafka.Producer;
        _underWay[(request.Topic, request.Lane)] = client;
        try
        {
            client.Produce(Topics.ReplayRequests, new Message<byte[], byte[]>
            {
                Key = Encoding.UTF8.GetBytes($"{request.Topic}/{request.Lane}"),
                Value = ContractsJson.Write(request),
                Headers = new Headers { { FactHeaders.WireName, WireName } },
            }, report =>
            {
                _underWay.TryRemove((request.Topic, request.Lane), out _);
                if (report.Error.IsError) NotAsked(report.Error.Code);
            });
        }
        catch (KafkaException exception)
        {
            _underWay.TryRemove((request.Topic, request.Lane), out _);
            NotAsked(exception.Error.Code);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information, Message = "Asks for {Topic} lane {Lane} numbers {From} to {Through}")]
    private partial void Asks(string topic, int lane, long from, long through);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka did not take a replay request: {Code}")]
    private partial void NotAsked(ErrorCode code);
}
