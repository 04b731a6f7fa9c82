using System.Collections.Concurrent;
using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// Gives messages to the producer and keeps what the broker says of them until somebody settles it. What is
/// under way is bounded.
/// </summary>
internal sealed class RelayPublisher(KafkaConnection kafka, int mostMessages, long mostBytes)
{
    private readonly ConcurrentQueue<DeliveryOutcome> _outcomes = [];
    private UnderWay? _underWay;
    private volatile bool _isFull;

    /// <summary>
    /// Called by a thread of the Kafka client when half of the room is free again.
    /// </summary>
    public Action? RoomAgain { get; set; }

    public bool IsIdle => _underWay is not { Messages: > 0 };

    /// <summary>If not, <see cref="RoomAgain"/> says when.</summary>
    public bool HasRoom() => !(_isFull = _underWay?.IsOver(mostMessages, mostBytes) ?? false);

    /// <summary>
    /// The producer is another one now, after a fatal error: nobody may ever say what became of the messages
    /// under way.
    /// </summary>
    public bool TryStartAgain()
    {
        var producer = kafka.Producer;
        if (_underWay is { } now && now.Producer == producer) return false;

        var isAgain = _underWay is not null;
        _underWay = new(producer);
        return isAgain;
    }

    /// <summary>After <see cref="TryStartAgain"/>.</summary>
    /// <returns>The reason why the producer did not take it.</returns>
    public Error? Publish(RelayedPartition to, Message<byte[], byte[]> message, RelayLane? lane, long number)
    {
        var delivery = new Delivery(
            this, _underWay!, to, lane, number, lane?.Round ?? 0, message.Value.Length);
        delivery.Of.Enter(delivery.Size);
        try
        {
            delivery.Of.Producer.Produce(to.At, message, delivery.Done);
            return null;
        }
        catch (ProduceException<byte[], byte[]> refused)
        {
            delivery.Of.Leave(delivery.Size);
            return refused.Error;
        }
        catch (ObjectDisposedException)
        {
            // Replaced after a fatal error, in this moment.
            delivery.Of.Leave(delivery.Size);
            return new Error(ErrorCode.Local_Fatal);
        }
    }

    public bool TryHear(out DeliveryOutcome outcome) => _outcomes.TryDequeue(out outcome);

    private void Settle(Delivery delivery, Error error)
    {
        _outcomes.Enqueue(new(delivery.To, delivery.Lane, delivery.Number, delivery.Round, error));
        delivery.Of.Leave(delivery.Size);
        if (!_isFull || delivery.Of.IsOver(mostMessages / 2, mostBytes / 2)) return;

        _isFull = false;
        RoomAgain?.Invoke();
    }

    /// <summary>One message under way; its method is the producer's delivery handler.</summary>
    private sealed class Delivery(
        RelayPublisher publisher, UnderWay of, RelayedPartition to, RelayLane? lane, long number, int round,
        int size)
    {
        public UnderWay Of => of;
        public RelayedPartition To => to;
        public RelayLane? Lane => lane;
        public long Number => number;
        public int Round => round;
        public int Size => size;

        public void Done(DeliveryReport<byte[], byte[]> report) => publisher.Settle(this, report.Error);
    }

    /// <summary>What one producer was given and has not spoken of. Safe for several threads.</summary>
    private sealed class UnderWay(IProducer<byte[], byte[]> producer)
    {
        private long _bytes;
        private int _messages;

        public IProducer<byte[], byte[]> Producer => producer;

        public int Messages => Volatile.Read(ref _messages);

        public bool IsOver(int messages, long bytes) =>
            Volatile.Read(ref _messages) >= messages || Interlocked.Read(ref _bytes) >= bytes;

        public void Enter(int size)
        {
            Interlocked.Increment(ref _messages);
            Interlocked.Add(ref _bytes, size);
        }

        public void Leave(int size)
        {
            Interlocked.Decrement(ref _messages);
            Interlocked.Add(ref _bytes, -size);
        }
    }
}

/// <summary>What became of a message.</summary>
/// <param name="Lane">Null for what is not counted: tides, and facts that somebody asked for again.</param>
internal readonly record struct DeliveryOutcome(
    RelayedPartition To, RelayLane? Lane, long Number, int Round, Error Error);
