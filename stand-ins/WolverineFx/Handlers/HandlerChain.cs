using System.Reflection;
using Wolverine.Attributes;
using Wolverine.ErrorHandling;

namespace Wolverine.Runtime.Handlers;

/// <summary>Everything that is done with messages of one type, in its order.</summary>
public sealed class HandlerChain : IWithFailurePolicies
{
    private readonly List<HandlerMethod> methods = [];

    internal HandlerChain(Type messageType) => MessageType = messageType;

    public Type MessageType { get; }
    public FailureRuleCollection Failures { get; } = new();

    internal IReadOnlyList<HandlerMethod> Methods => methods;
    internal int? MaximumAttempts { get; set; }

    internal bool IsTransactional => methods.Exists(method =>
        method.Method.IsDefined(typeof(TransactionalAttribute))
        || method.Type.IsDefined(typeof(TransactionalAttribute)));

    internal void Add(HandlerMethod method) => methods.Add(method);

    /// <summary>What the attributes and the <c>Configure</c> methods say.</summary>
    internal void Configure()
    {
        var said = methods
            .SelectMany(method => method.Method.GetCustomAttributes<ModifyHandlerChainAttribute>())
            .Concat(methods.Select(method => method.Type).Distinct()
                .SelectMany(type => type.GetCustomAttributes<ModifyHandlerChainAttribute>()))
            .Concat(MessageType.GetCustomAttributes<ModifyHandlerChainAttribute>());
        foreach (var attribute in said) attribute.Modify(this);

        foreach (var type in methods.Select(method => method.Type).Distinct())
            type.GetMethod("Configure", BindingFlags.Public | BindingFlags.Static, [typeof(HandlerChain)])
                ?.Invoke(null, [this]);
    }

    internal FailureStep Decide(Exception exception, int attempt, FailureRuleCollection global)
    {
        var rule = Failures.Rules.Concat(global.Rules).FirstOrDefault(rule => rule.Fits(exception));
        if (rule is not null) return rule.At(attempt);

        return attempt < MaximumAttempts ? new(FailureAction.Retry) : FailureStep.DeadLetter;
    }
}

/// <summary>A message was invoked that nobody handles.</summary>
public sealed class NoHandlerForMessageException(Type messageType)
    : InvalidOperationException($"Nobody handles {messageType.FullName}.");

/// <summary>A handler asks for something that it cannot get, or is of a kind that is not supported.</summary>
public sealed class InvalidHandlerException(string message) : InvalidOperationException(message);
