using System.Text.Json;

namespace Marten.Services.Json.Transformations
{
    /// <summary>Makes an event of today out of JSON that was stored by yesterday's program.</summary>
    public sealed class JsonTransformation
    {
        private JsonTransformation(Func<byte[], JsonSerializerOptions, object> read) => Read = read;

        internal Func<byte[], JsonSerializerOptions, object> Read { get; }

        internal static JsonTransformation Between<TOld, TNew>(Func<TOld, TNew> upcast)
            where TNew : class =>
            new((json, options) => upcast(JsonSerializer.Deserialize<TOld>(json, options)!));

        internal static JsonTransformation FromJson<T>(Func<JsonDocument, T> upcast)
            where T : notnull =>
            new((json, _) =>
            {
                using var document = JsonDocument.Parse(json);
                return upcast(document);
            });
    }

    public interface IEventUpcaster
    {
        /// <summary>The stored name that it reads; null: that of the old type.</summary>
        string? EventTypeName { get; }

        /// <summary>What comes out.</summary>
        Type EventType { get; }

        internal Type? OldEventType { get; }
        internal JsonTransformation Transformation { get; }
    }

    /// <summary>From a type that still exists.</summary>
    public abstract class EventUpcaster<TOldEvent, TEvent> : IEventUpcaster
        where TOldEvent : class
        where TEvent : class
    {
        public virtual string? EventTypeName => null;
        public Type EventType => typeof(TEvent);

        Type? IEventUpcaster.OldEventType => typeof(TOldEvent);
        JsonTransformation IEventUpcaster.Transformation =>
            JsonTransformation.Between<TOldEvent, TEvent>(Upcast);

        protected abstract TEvent Upcast(TOldEvent oldEvent);
    }
}

namespace Marten.Services.Json.Transformations.SystemTextJson
{
    /// <summary>From the JSON itself.</summary>
    public abstract class EventUpcaster<TEvent> : IEventUpcaster
        where TEvent : class
    {
        public abstract string EventTypeName { get; }
        public Type EventType => typeof(TEvent);

        Type? IEventUpcaster.OldEventType => null;
        JsonTransformation IEventUpcaster.Transformation => JsonTransformation.FromJson(Upcast);

        protected abstract TEvent Upcast(JsonDocument oldEvent);
    }

    public static class JsonTransformations
    {
        public static JsonTransformation Upcast<TEvent>(Func<JsonDocument, TEvent> transform)
            where TEvent : notnull => JsonTransformation.FromJson(transform);
    }
}
