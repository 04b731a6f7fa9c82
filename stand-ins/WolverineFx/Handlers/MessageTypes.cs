using System.Reflection;
using Wolverine.Attributes;

namespace Wolverine.Runtime.Handlers;

/// <summary>Names of message types in storage, both ways.</summary>
internal sealed class MessageTypes
{
    private readonly WolverineOptions options;
    private readonly Dictionary<string, Type> types = new(StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">Two types have the same name.</exception>
    public MessageTypes(WolverineOptions options, IEnumerable<Type> handled)
    {
        this.options = options;
        foreach (var type in handled.Union(options.Aliases.Keys))
            if (!types.TryAdd(NameOf(type), type))
                throw new InvalidOperationException(
                    $"{type.FullName} and {types[NameOf(type)].FullName} have the same name, "
                    + $"{NameOf(type)}.");
    }

    public static string NameOf(Type type, WolverineOptions options)
    {
        if (options.Aliases.TryGetValue(type, out var alias)) return alias;

        return type.GetCustomAttribute<MessageIdentityAttribute>()?.GetName()
            ?? (type.FullName ?? type.Name).Replace('+', '.');
    }

    public string NameOf(Type type) => NameOf(type, options);

    public Type? Find(string name) => types.GetValueOrDefault(name);
}
