using System.Collections.Frozen;
using System.Reflection;

namespace Billing.Contracts;

/// <summary>
/// The name of a message on the wire: <c>billing.owner.fact.v1</c>. A class may be renamed, this not.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class WireNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Every message of this assembly by its wire name.</summary>
public static class WireNames
{
    /// <summary>Wire name → record. Two records with one name stop the process at its first use.</summary>
    public static IReadOnlyDictionary<string, Type> All { get; } = typeof(WireNames).Assembly.GetTypes()
        .Where(type => type.IsDefined(typeof(WireNameAttribute), inherit: false))
        .ToFrozenDictionary(Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<Type, string> Names =
        All.ToFrozenDictionary(named => named.Value, named => named.Key);

    /// <exception cref="ArgumentException">The type is not a message.</exception>
    public static string Of(Type message) =>
        Names.TryGetValue(message, out var name)
            ? name
            : throw new ArgumentException($"{message} has no wire name.", nameof(message));

    private static string Name(Type message) => message.GetCustomAttribute<WireNameAttribute>()!.Name;

    /// <summary>Null where this version of the contracts does not know the name.</summary>
    public static Type? Find(string wireName) => All.GetValueOrDefault(wireName);
}
