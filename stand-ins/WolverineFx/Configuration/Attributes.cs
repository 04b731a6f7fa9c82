using Wolverine.ErrorHandling;
using Wolverine.Runtime.Handlers;

namespace Wolverine
{
    /// <summary>Marks a class as one that handles messages, whatever its name.</summary>
    public interface IWolverineHandler;
}

namespace Wolverine.Attributes
{
    /// <summary>This class, or method, handles messages, whatever its name.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
    public sealed class WolverineHandlerAttribute : Attribute;

    /// <summary>This class, or method, does not.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
    public sealed class WolverineIgnoreAttribute : Attribute;

    /// <summary>The name of a message in storage.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
    public sealed class MessageIdentityAttribute(string alias) : Attribute
    {
        public string Alias { get; } = alias;

        public string GetName() => Alias;
    }

    /// <summary>The queue of a message.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
    public sealed class LocalQueueAttribute(string queueName) : Attribute
    {
        public string QueueName { get; } = queueName;
    }

    /// <summary>
    /// The handler is one transaction of the storage in use (Marten's session): what it stores, what it
    /// sends, and that the message is handled.
    /// </summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
    public sealed class TransactionalAttribute : Attribute;

    /// <summary>Says something about the handling of a message: on its handler or on itself.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
    public abstract class ModifyHandlerChainAttribute : Attribute
    {
        internal abstract void Modify(HandlerChain chain);
    }

    /// <summary>Whatever the exception: at once again, until it was tried so often.</summary>
    public sealed class MaximumAttemptsAttribute(int attempts) : ModifyHandlerChainAttribute
    {
        internal override void Modify(HandlerChain chain) => chain.MaximumAttempts = attempts;
    }

    public sealed class MoveToErrorQueueOnAttribute(Type exceptionType) : ModifyHandlerChainAttribute
    {
        internal override void Modify(HandlerChain chain) =>
            chain.OnExceptionOfType(exceptionType).MoveToErrorQueue();
    }

    /// <summary>Again after each of the pauses.</summary>
    public sealed class RetryNowAttribute(Type exceptionType, params int[] cooldownTimeInMilliseconds)
        : ModifyHandlerChainAttribute
    {
        internal override void Modify(HandlerChain chain) =>
            chain.OnExceptionOfType(exceptionType).RetryWithCooldown(
                [.. cooldownTimeInMilliseconds.Select(pause => TimeSpan.FromMilliseconds(pause))]);
    }

    /// <summary>Again, scheduled, after each of the times.</summary>
    public sealed class ScheduleRetryAttribute(Type exceptionType, params int[] seconds)
        : ModifyHandlerChainAttribute
    {
        internal override void Modify(HandlerChain chain) =>
            chain.OnExceptionOfType(exceptionType).ScheduleRetry(
                [.. seconds.Select(pause => TimeSpan.FromSeconds(pause))]);
    }
}
