using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>What follows when Kafka does not take something. Called with the gate held.</summary>
internal sealed partial class RelayTrouble(RelayState state, ILogger<RelayTrouble> logger)
{
    /// <summary>The client did not take the next fact of a lane.</summary>
    public void Refused(RelayedPartition partition, RelayLane lane, NumberedFact fact, Error error)
    {
        if (error.Code is ErrorCode.MsgSizeTooLarge)
        {
            lane.Stick();
            TooLarge(fact.Number, fact.Fact.Lane, fact.Fact.Topic, fact.Fact.Body.Length);
        }
        else Failed(partition, lane, lane.Round, error);
    }

    /// <summary>All that is not acknowledged goes again, after a pause.</summary>
    public void Failed(RelayedPartition partition, RelayLane? lane, int round, Error error)
    {
        RelayMetrics.Failed(partition.At.Topic);
        lane?.Fail(round);
        state.IsPartitionUnknown |= error.Code is ErrorCode.Local_UnknownPartition
            or ErrorCode.Local_UnknownTopic or ErrorCode.UnknownTopicOrPart;
        if (partition.TryClose(state.Now))
            NotPublished(partition.At.Topic, partition.At.Partition.Value, error.Code);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Kafka does not take what is for {Topic}, partition {Partition}: {Code}; again soon")]
    private partial void NotPublished(string topic, int partition, ErrorCode code);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Fact {Number} of lane {Lane} of {Topic} has {Bytes} bytes, more than Kafka takes. "
            + "The lane is not published until the limit is raised and the service started again")]
    private partial void TooLarge(long number, int lane, string topic, int bytes);
}
