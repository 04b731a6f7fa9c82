namespace JasperFx
{
    /// <summary>Somebody else was faster: load again, decide again.</summary>
    public class ConcurrencyException : Exception
    {
        public ConcurrencyException(string message)
            : base(message)
        {
        }

        public ConcurrencyException(Type? docType, object id)
            : this($"{docType?.Name ?? "Stream"} {id} has changed since it was read.", docType, id)
        {
        }

        public ConcurrencyException(string message, Type? docType, object? id)
            : base(message)
        {
            DocType = docType?.FullName;
            Id = id;
        }

        public string? DocType { get; set; }
        public object? Id { get; set; }
    }
}

namespace Weasel.Core
{
    public enum EnumStorage
    {
        AsInteger,
        AsString,
    }

    /// <summary>How properties are named in stored JSON.</summary>
    public enum Casing
    {
        /// <summary>As they are in C#.</summary>
        Default,
        CamelCase,
        SnakeCase,
    }
}
