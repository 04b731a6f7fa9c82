using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Runtime.Handlers;

/// <summary>What one call of a handler can be given.</summary>
internal sealed record Execution(
    object Message, Envelope Envelope, MessageContext Context, IServiceProvider Services,
    DateTimeOffset Now, CancellationToken Cancellation);

/// <summary>One method that handles a message: the message first, then whatever it asks for.</summary>
internal sealed class HandlerMethod
{
    private readonly Func<Execution, object?>[] arguments;
    private readonly ObjectFactory? make;

    public HandlerMethod(MethodInfo method, Services services)
    {
        Method = method;
        arguments =
            [.. method.GetParameters().Select((parameter, place) => Argument(parameter, place, services))];
        if (!method.IsStatic) make = ActivatorUtilities.CreateFactory(Type, []);
    }

    public MethodInfo Method { get; }
    public Type Type => Method.DeclaringType!;
    public Type MessageType => Method.GetParameters()[0].ParameterType;

    public override string ToString() => $"{Type.FullName}.{Method.Name}({MessageType.Name})";

    /// <summary>What the method returns, awaited; null for nothing.</summary>
    public async Task<object?> Call(Execution execution)
    {
        var target = make?.Invoke(execution.Services, []);
        try
        {
            var given = Array.ConvertAll(arguments, argument => argument(execution));
            return await Awaited(Method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, given, null));
        }
        finally
        {
            if (target is IAsyncDisposable later) await later.DisposeAsync();
            else (target as IDisposable)?.Dispose();
        }
    }

    private async Task<object?> Awaited(object? returned)
    {
        switch (returned)
        {
            case ValueTask nothing:
                await nothing;
                return null;
            case Task task:
                await task;
                return Method.ReturnType.IsGenericType ? ResultOf(task) : null;
            case { } value when IsValueTask(Method.ReturnType):
                var asTask = (Task)Method.ReturnType.GetMethod("AsTask")!.Invoke(value, [])!;
                await asTask;
                return ResultOf(asTask);
            default:
                return returned;
        }
    }

    private static bool IsValueTask(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>);

    private static object? ResultOf(Task task) => task.GetType().GetProperty("Result")!.GetValue(task);

    private Func<Execution, object?> Argument(ParameterInfo parameter, int place, Services services)
    {
        var type = parameter.ParameterType;
        if (place == 0) return execution => execution.Message;
        if (type == typeof(CancellationToken)) return execution => execution.Cancellation;
        if (type == typeof(Envelope)) return execution => execution.Envelope;
        if (type.IsAssignableFrom(typeof(MessageContext)) && type != typeof(object))
            return execution => execution.Context;
        if (parameter.Name == "now" && type == typeof(DateTimeOffset)) return execution => execution.Now;
        if (parameter.Name == "now" && type == typeof(DateTime))
            return execution => execution.Now.UtcDateTime;

        services.Check(type, $"{Type.FullName}.{Method.Name}");
        return execution => execution.Services.GetRequiredService(type);
    }
}

/// <summary>What the container holds, as far as handlers may ask for it.</summary>
internal sealed class Services(
    IServiceProviderIsService known, IServiceCollection registered,
    IReadOnlyList<IHandlerTransactions> sessions)
{
    /// <exception cref="InvalidHandlerException">It is unknown, or hidden from the real package.</exception>
    public void Check(Type type, string who)
    {
        if (sessions.Any(session => session.Provides(type))) return;
        if (!known.IsService(type))
            throw new InvalidHandlerException(
                $"{who} asks for {type.FullName}, which is no registered service.");

        // The real package generates code that makes the service, and refuses to start where it cannot.
        if (registered.LastOrDefault(service => service.ServiceType == type && !service.IsKeyedService)
            is { ImplementationFactory: not null, Lifetime: not ServiceLifetime.Singleton })
            throw new InvalidHandlerException(
                $"{who} asks for {type.FullName}, a scoped or transient service that a lambda makes: "
                + "ServiceLocationPolicy.NotAllowed.");
    }
}
