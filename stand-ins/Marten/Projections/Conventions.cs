using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using JasperFx.Events;

namespace Marten.Events.Aggregation;

/// <summary>
/// How an aggregate's own methods take events: a constructor or static <c>Create</c> makes it of its first
/// event, <c>Apply</c> changes it or returns the changed one. Each takes the fact or its
/// <see cref="IEvent{T}"/>. An event that none of them takes changes nothing.
/// </summary>
internal static class Conventions<T>
{
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static;

    private static readonly ConcurrentDictionary<Type, Func<T?, IEvent, T?>> steps = new();

    public static T? Apply(T? state, IEvent e) => steps.GetOrAdd(e.EventType, Step)(state, e);

    private static Func<T?, IEvent, T?> Step(Type type)
    {
        var create = Creating(type);
        var change = Changing(type);

        return (state, e) => state is null && create is not null ? create(e)
            : state is not null && change is not null ? change(state, e)
            : state is null && change is not null && Empty() is { } empty ? change(empty, e)
            : state;
    }

    private static T? Empty() =>
        typeof(T).GetConstructor(Own | BindingFlags.NonPublic, []) is { } made ? (T)made.Invoke([]) : default;

    private static Func<IEvent, T>? Creating(Type type)
    {
        var e = Expression.Parameter(typeof(IEvent), "e");
        foreach (var (argument, value) in Arguments(type, e))
        {
            Expression? call =
                Method("Create", argument) is { IsStatic: true } method ? Expression.Call(method, value)
                : typeof(T).GetConstructor([argument]) is { } made ? Expression.New(made, value)
                : null;
            if (call is not null && call.Type == typeof(T))
                return Expression.Lambda<Func<IEvent, T>>(call, e).Compile();
        }

        return null;
    }

    private static Func<T, IEvent, T>? Changing(Type type)
    {
        var e = Expression.Parameter(typeof(IEvent), "e");
        var state = Expression.Parameter(typeof(T), "state");
        foreach (var (argument, value) in Arguments(type, e))
        {
            var call = Method("Apply", argument) is { IsStatic: false } own
                ? Expression.Call(state, own, value)
                : Method("Apply", argument, typeof(T)) is { IsStatic: true } given
                    ? Expression.Call(given, value, state) : null;
            if (call is null) continue;

            Expression body = call.Type == typeof(void) ? Expression.Block(call, state) : call;
            return Expression.Lambda<Func<T, IEvent, T>>(body, state, e).Compile();
        }

        return null;
    }

    private static MethodInfo? Method(string name, params Type[] arguments) =>
        typeof(T).GetMethods(Own).FirstOrDefault(method => method.Name == name
            && method.GetParameters().Select(parameter => parameter.ParameterType).SequenceEqual(arguments));

    private static IEnumerable<(Type Argument, Expression Value)> Arguments(Type type, Expression e)
    {
        var wrapper = typeof(IEvent<>).MakeGenericType(type);
        yield return (wrapper, Expression.Convert(e, wrapper));
        yield return (type, Expression.Property(Expression.Convert(e, wrapper), nameof(IEvent<>.Data)));
    }
}
