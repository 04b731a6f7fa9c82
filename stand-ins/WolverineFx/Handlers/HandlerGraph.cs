using System.Reflection;
using Wolverine.Attributes;

namespace Wolverine.Runtime.Handlers;

/// <summary>All handlers of this service, by the type of their message.</summary>
internal sealed class HandlerGraph
{
    private const BindingFlags Callable =
        BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly HashSet<string> names = new(StringComparer.Ordinal)
    {
        "Handle", "HandleAsync", "Handles", "HandlesAsync",
        "Consume", "ConsumeAsync", "Consumes", "ConsumesAsync",
    };

    // The real package calls these around the handler. Whoever relies on that must not be left waiting.
    private static readonly HashSet<string> notOffered = new(StringComparer.Ordinal)
    {
        "Load", "LoadAsync", "Before", "BeforeAsync", "Validate", "ValidateAsync", "After", "AfterAsync",
        "PostProcess", "PostProcessAsync", "Finally", "FinallyAsync", "OnException", "OnExceptionAsync",
    };

    private readonly Dictionary<Type, HandlerChain> chains = [];

    /// <exception cref="InvalidHandlerException">A handler cannot be called.</exception>
    public HandlerGraph(WolverineOptions options, Services services)
    {
        var methods = Types(options).SelectMany(type => MethodsOf(type, services))
            .OrderBy(method => method.ToString(), StringComparer.Ordinal);
        foreach (var method in methods)
        {
            if (!chains.TryGetValue(method.MessageType, out var chain))
                chains.Add(method.MessageType, chain = new(method.MessageType));
            chain.Add(method);
        }

        foreach (var chain in chains.Values) chain.Configure();
    }

    public IReadOnlyCollection<HandlerChain> Chains => chains.Values;

    public HandlerChain? Find(Type messageType) => chains.GetValueOrDefault(messageType);

    private static HashSet<Type> Types(WolverineOptions options)
    {
        var found = options.Discovery.Types.ToHashSet();
        if (!options.Discovery.ByConvention) return found;

        var assemblies = options.Discovery.More.ToHashSet();
        if (options.ApplicationAssembly is { } application) assemblies.Add(application);
        found.UnionWith(assemblies.SelectMany(assembly => assembly.GetTypes()).Where(IsByConvention));

        return found;
    }

    private static bool IsByConvention(Type type)
    {
        if (!type.IsClass || !type.IsVisible || (type.IsAbstract && !type.IsSealed)) return false;
        if (type.ContainsGenericParameters || type.IsDefined(typeof(WolverineIgnoreAttribute))) return false;

        return type.Name.EndsWith("Handler", StringComparison.Ordinal)
            || type.Name.EndsWith("Consumer", StringComparison.Ordinal)
            || type.IsDefined(typeof(WolverineHandlerAttribute))
            || type.IsAssignableTo(typeof(IWolverineHandler));
    }

    private static IEnumerable<HandlerMethod> MethodsOf(Type type, Services services)
    {
        var methods = type.GetMethods(Callable)
            .Where(method =>
                names.Contains(method.Name) || method.IsDefined(typeof(WolverineHandlerAttribute)))
            .Where(method => !method.IsDefined(typeof(WolverineIgnoreAttribute)))
            .Where(method => method is { IsGenericMethod: false, IsSpecialName: false })
            .Where(method => IsMessage(method.GetParameters().FirstOrDefault()?.ParameterType))
            .ToList();
        if (methods.Count == 0) return [];

        var around = type.GetMethods(Callable).FirstOrDefault(method => notOffered.Contains(method.Name));
        if (around is not null)
            throw new InvalidHandlerException(
                $"{type.FullName}.{around.Name}: methods around a handler are not offered.");

        foreach (var method in methods) Refuse(method);

        return methods.Select(method => new HandlerMethod(method, services));
    }

    private static bool IsMessage(Type? type) =>
        type is { IsVisible: true, IsPrimitive: false, IsByRef: false } && type != typeof(string)
        && type != typeof(object);

    private static void Refuse(MethodInfo method)
    {
        var message = method.GetParameters()[0].ParameterType;
        if (message.IsInterface || message.IsAbstract)
            throw new InvalidHandlerException(
                $"{method.DeclaringType!.FullName}.{method.Name} handles {message.FullName}: only messages "
                + "of a concrete type are offered.");
    }
}
