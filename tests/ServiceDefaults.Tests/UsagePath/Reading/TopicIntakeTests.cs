using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath.Reading;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.Tests.UsagePath.Reading;

/// <summary>When what was drained becomes a batch.</summary>
internal sealed class TopicIntakeTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Later = TimeSpan.FromMilliseconds(40);

    private Clock _clock = null!;
    private Work _work = null!;
    private TopicIntake _intake = null!;

    [SetUp]
    public void Make()
    {
        (_clock, _work) = (new(), new());
        _intake = new(_work, _clock);
    }

    [Test]
    public async Task what_comes_alone_is_taken_at_once_and_what_follows_soon_is_taken_together()
    {
        await Take(1);
        _clock.Pass(Soon);
        await Take(1);
        await Take(1);
        _work.Bundles.ShouldBe([1]);

        _intake.Rest.ShouldBe(Later - Soon);
        _clock.Pass(_intake.Rest);
        await Take(0);
        _work.Bundles.ShouldBe([1, 2]);

        _clock.Pass(Later);
        await Take(1);
        _work.Bundles.ShouldBe([1, 2, 1]);
    }

    [Test]
    public async Task what_is_full_does_not_wait()
    {
        await Take(1);
        await Take(4_999);
        _work.Bundles.ShouldBe([1]);

        await Take(1);
        _work.Bundles.ShouldBe([1, 5_000]);
    }

    private async Task Take(int messages)
    {
        for (var message = 0; message < messages; message++)
            _intake.Gather(new()
            {
                TopicPartitionOffset = new(Topics.Usage, 0, message),
                Message = new() { Value = [1] },
            });
        _intake.Pump(_ => 0, isUrgent: false, default);
        await _intake.Running;
    }

    private sealed class Work : ITopicWork
    {
        public List<int> Bundles { get; } = [];

        public string Topic => Topics.Usage;

        public Task<IReadOnlyDictionary<int, Offset>> TakeOver(
            IReadOnlyList<int> partitions, TopicIdentity topic, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public void Release(IReadOnlyList<int> partitions) => throw new NotSupportedException();

        public void Restart(int partition) => throw new NotSupportedException();

        public Task Apply(Bundle bundle, StopTokens stop)
        {
            Bundles.Add(bundle.Messages.Count);
            return Task.CompletedTask;
        }

        public Task Tend(bool isUrgent, StopTokens stop) => Task.CompletedTask;
    }

    private sealed class Clock : TimeProvider
    {
        private TimeSpan _passed = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => TestService.Start + _passed;

        public override long GetTimestamp() => _passed.Ticks;

        public void Pass(TimeSpan time) => _passed += time;
    }
}
