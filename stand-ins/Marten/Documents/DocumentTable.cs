using System.Reflection;

namespace Marten.Documents;

/// <summary>The table of a document type: its name, and where the document keeps its id.</summary>
internal sealed class DocumentTable
{
    private readonly PropertyInfo id;

    public DocumentTable(Type type, string prefix, string? alias)
    {
        id = type.GetProperty("Id") ?? type.GetProperty("id")
            ?? throw new InvalidOperationException($"{type.FullName} has no property Id to be stored by.");
        if (id.PropertyType != typeof(string) && id.PropertyType != typeof(Guid))
            throw new InvalidOperationException($"The Id of {type.FullName} is neither string nor Guid.");

        (Type, ShortName) = (type, $"mt_doc_{alias ?? Alias(type)}");
        Name = prefix + ShortName["mt_doc_".Length..];
        DotNetName = $"{type.FullName}, {type.Assembly.GetName().Name}";
    }

    public Type Type { get; }
    public string Name { get; }
    public string ShortName { get; }
    public string DotNetName { get; }
    public string IdType => id.PropertyType == typeof(Guid) ? "uuid" : "varchar";

    /// <summary>The class name in lower case; a nested class with its outer one.</summary>
    public static string Alias(Type type)
    {
        var name = type.IsGenericType ? type.Name[..type.Name.IndexOf('`')] : type.Name;
        var full = type.IsNested ? $"{type.DeclaringType!.Name}_{name}" : name;

        return full.ToLowerInvariant();
    }

    /// <summary>The document's id; an empty Guid is filled in first.</summary>
    public object IdOf(object document)
    {
        var value = id.GetValue(document);
        if (value is Guid guid && guid == Guid.Empty && id.CanWrite)
        {
            value = Guid.CreateVersion7();
            id.SetValue(document, value);
        }

        return IsEmpty(value)
            ? throw new InvalidOperationException($"A {Type.Name} without an id cannot be stored.") : value!;
    }

    /// <summary>Gives a document the id of its stream where it has none.</summary>
    public static void Identify(object document, string key)
    {
        var property = document.GetType().GetProperty("Id");
        if (property is { CanWrite: true } && property.PropertyType == typeof(string)
            && string.IsNullOrEmpty((string?)property.GetValue(document)))
            property.SetValue(document, key);
    }

    private static bool IsEmpty(object? value) =>
        value is null or "" || (value is Guid guid && guid == Guid.Empty);
}
