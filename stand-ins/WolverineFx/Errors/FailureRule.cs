namespace Wolverine.ErrorHandling;

internal enum FailureAction
{
    Retry,
    Requeue,
    Schedule,
    Discard,
    MoveToErrorQueue,
}

internal readonly record struct FailureStep(FailureAction Action, TimeSpan Delay = default)
{
    public static FailureStep DeadLetter { get; } = new(FailureAction.MoveToErrorQueue);

    /// <summary>Nothing comes after it.</summary>
    public bool IsLast => Action is FailureAction.Discard or FailureAction.MoveToErrorQueue;
}

/// <summary>The steps of one rule: the n-th is for the n-th failed attempt of a message.</summary>
internal sealed class FailureRule(Func<Exception, bool> match) : IFailureActions, IAdditionalActions
{
    private readonly List<Func<Exception, bool>> matches = [match];
    private readonly List<FailureStep> steps = [];
    private FailureStep? forever;

    public IFailureActions Then => this;

    public void Or(Func<Exception, bool> another) => matches.Add(another);

    public bool Fits(Exception exception) => matches.Exists(match => match(exception));

    /// <param name="attempt">The failed one, from 1.</param>
    public FailureStep At(int attempt)
    {
        if (attempt <= steps.Count) return steps[attempt - 1];
        if (forever is { } step) return step;

        return steps is [.., { IsLast: true } last] ? last : FailureStep.DeadLetter;
    }

    public IAdditionalActions RetryOnce() => RetryTimes(1);

    public IAdditionalActions RetryTimes(int attempts) =>
        Add(Enumerable.Repeat(new FailureStep(FailureAction.Retry), attempts));

    public IAdditionalActions RetryWithCooldown(params TimeSpan[] delays) =>
        Add(delays.Select(delay => new FailureStep(FailureAction.Retry, delay)));

    public IAdditionalActions Requeue(int maxAttempts = 3) =>
        Add(Enumerable.Repeat(new FailureStep(FailureAction.Requeue), Math.Max(0, maxAttempts - 1)));

    public IAdditionalActions ScheduleRetry(params TimeSpan[] delays) =>
        Add(delays.Select(delay => new FailureStep(FailureAction.Schedule, delay)));

    public IAdditionalActions ScheduleRetryIndefinitely(params TimeSpan[] delays)
    {
        if (delays.Length == 0) throw new ArgumentException("Name at least one time.", nameof(delays));

        forever = new(FailureAction.Schedule, delays[^1]);
        return ScheduleRetry(delays);
    }

    public IAdditionalActions Discard() => Add([new(FailureAction.Discard)]);

    public IAdditionalActions MoveToErrorQueue() => Add([FailureStep.DeadLetter]);

    private FailureRule Add(IEnumerable<FailureStep> more)
    {
        steps.AddRange(more);
        return this;
    }
}
