using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using JasperFx.Events;
using Marten.Exceptions;
using Marten.Services.Json.Transformations;

namespace Marten.Events;

/// <summary>Stored names and the types they mean.</summary>
internal sealed class EventTypes
{
    private readonly ConcurrentDictionary<Type, Known> byType = new();
    private readonly ConcurrentDictionary<string, Stored> byName = new();

    /// <summary>The name under which this type is stored, given or derived.</summary>
    public string NameOf(Type type) => Of(type).Name;

    public Known Of(Type type) => byType.GetOrAdd(type, Derive);

    public void Map(Type type, string name)
    {
        byType[type] = new(name, DotNetName(type), Factory(type));
        byName[name] = new(type, null, Factory(type));
    }

    public void Upcast(string name, Type type, JsonTransformation transformation)
    {
        // What is written from now on has the new type's own name.
        byName[name] = new(type, transformation, Factory(type));
    }

    /// <summary>How to read what is stored under a name.</summary>
    /// <exception cref="UnknownEventTypeException">Neither the name nor the .NET name is known.</exception>
    public Stored Reading(string name, string? dotNetName, long sequence)
    {
        if (byName.TryGetValue(name, out var stored)) return stored;

        // As the real package does it: a type that nobody registered is found by its assembly-qualified name.
        var type = dotNetName is null ? null : Type.GetType(dotNetName, throwOnError: false);
        if (type is null || Of(type).Name != name) throw new UnknownEventTypeException(name, sequence);

        return byName.GetOrAdd(name, _ => new(type, null, Factory(type)));
    }

    /// <summary>Every stored name that is read as one of these types.</summary>
    public string[] NamesOf(IReadOnlyList<Type> types)
    {
        foreach (var type in types.Where(type => !type.IsAbstract)) NameOf(type);

        return [.. byName.Where(pair => types.Any(type => type.IsAssignableFrom(pair.Value.Type)))
            .Select(pair => pair.Key)];
    }

    public IEvent Wrap(object data) => data as IEvent ?? Of(data.GetType()).Wrap(data);

    private Known Derive(Type type)
    {
        var name = SnakeCase(type.Name);
        var meant = byName.GetOrAdd(name, _ => new(type, null, Factory(type)));
        if (meant.Type != type && meant.Upcast is null)
            throw new InvalidOperationException(
                $"'{name}' is {meant.Type.FullName} already: give {type.FullName} a name of its own.");

        return new(name, DotNetName(type), Factory(type));
    }

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var starts = i > 0 && char.IsUpper(name[i])
                && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (starts && name[i - 1] != '_') text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    private static string DotNetName(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    private static Func<object, IEvent> Factory(Type type) =>
        typeof(EventTypes).GetMethod(nameof(Make))!.MakeGenericMethod(type)
            .CreateDelegate<Func<object, IEvent>>();

    public static IEvent Make<T>(object data)
        where T : notnull => new Event<T>((T)data);

    /// <param name="Name">The stored name.</param>
    /// <param name="DotNetName">For the column <c>mt_dotnet_type</c>.</param>
    internal sealed record Known(string Name, string DotNetName, Func<object, IEvent> Wrap);

    internal sealed record Stored(Type Type, JsonTransformation? Upcast, Func<object, IEvent> Wrap)
    {
        public IEvent Read(byte[] json, JsonSerializerOptions options) => Wrap(
            Upcast?.Read(json, options) ?? JsonSerializer.Deserialize(json, Type, options)
            ?? throw new JsonException("The event's data is null."));
    }
}
