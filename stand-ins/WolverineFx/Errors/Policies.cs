namespace Wolverine.ErrorHandling;

/// <summary>Something that has rules about failures.</summary>
public interface IWithFailurePolicies
{
    FailureRuleCollection Failures { get; }
}

/// <summary>Rules in their order. The first that fits decides.</summary>
public sealed class FailureRuleCollection
{
    internal List<FailureRule> Rules { get; } = [];
}

/// <summary>What to do at the first, second, … failed attempt.</summary>
public interface IFailureActions
{
    /// <summary>At once, once.</summary>
    IAdditionalActions RetryOnce();

    /// <summary>At once, so often.</summary>
    IAdditionalActions RetryTimes(int attempts);

    /// <summary>After each of the pauses, while the queue's place is held.</summary>
    IAdditionalActions RetryWithCooldown(params TimeSpan[] delays);

    /// <summary>Behind what waits in the queue, until it was tried so often.</summary>
    IAdditionalActions Requeue(int maxAttempts = 3);

    /// <summary>After each of the times; durable where the queue is.</summary>
    IAdditionalActions ScheduleRetry(params TimeSpan[] delays);

    /// <summary>As before, the last of the times for ever.</summary>
    IAdditionalActions ScheduleRetryIndefinitely(params TimeSpan[] delays);

    /// <summary>Logged and forgotten.</summary>
    IAdditionalActions Discard();

    /// <summary>To the dead letters, for a person.</summary>
    IAdditionalActions MoveToErrorQueue();
}

public interface IAdditionalActions
{
    /// <summary>What comes when the actions so far are used up. Without: to the dead letters.</summary>
    IFailureActions Then { get; }
}

/// <summary>Which failures, and what to do.</summary>
public sealed class PolicyExpression : IFailureActions
{
    private readonly FailureRule rule;

    internal PolicyExpression(FailureRuleCollection rules, Func<Exception, bool> match)
    {
        rule = new(match);
        rules.Rules.Add(rule);
    }

    public PolicyExpression Or<TException>()
        where TException : Exception => Or(exception => exception is TException);

    public PolicyExpression Or<TException>(
        Func<TException, bool> exceptionPredicate, string? description = null)
        where TException : Exception =>
        Or(exception => exception is TException fits && exceptionPredicate(fits));

    public PolicyExpression Or(Func<Exception, bool> exceptionPredicate, string? description = null)
    {
        rule.Or(exceptionPredicate);
        return this;
    }

    public IAdditionalActions RetryOnce() => rule.RetryOnce();

    public IAdditionalActions RetryTimes(int attempts) => rule.RetryTimes(attempts);

    public IAdditionalActions RetryWithCooldown(params TimeSpan[] delays) => rule.RetryWithCooldown(delays);

    public IAdditionalActions Requeue(int maxAttempts = 3) => rule.Requeue(maxAttempts);

    public IAdditionalActions ScheduleRetry(params TimeSpan[] delays) => rule.ScheduleRetry(delays);

    public IAdditionalActions ScheduleRetryIndefinitely(params TimeSpan[] delays) =>
        rule.ScheduleRetryIndefinitely(delays);

    public IAdditionalActions Discard() => rule.Discard();

    public IAdditionalActions MoveToErrorQueue() => rule.MoveToErrorQueue();
}

public static class ErrorHandlingPolicyExtensions
{
    public static PolicyExpression OnAnyException(this IWithFailurePolicies policies) =>
        new(policies.Failures, _ => true);

    public static PolicyExpression OnException<TException>(this IWithFailurePolicies policies)
        where TException : Exception => policies.OnExceptionOfType(typeof(TException));

    public static PolicyExpression OnException(
        this IWithFailurePolicies policies, Func<Exception, bool> exceptionPredicate,
        string? description = null) => new(policies.Failures, exceptionPredicate);

    public static PolicyExpression OnException<TException>(
        this IWithFailurePolicies policies, Func<TException, bool> exceptionPredicate,
        string? description = null)
        where TException : Exception =>
        new(policies.Failures, exception => exception is TException fits && exceptionPredicate(fits));

    public static PolicyExpression OnExceptionOfType(
        this IWithFailurePolicies policies, Type exceptionType) =>
        new(policies.Failures, exceptionType.IsInstanceOfType);

    public static PolicyExpression OnInnerException<TException>(this IWithFailurePolicies policies)
        where TException : Exception =>
        new(policies.Failures, exception => exception.InnerException is TException);
}
