using System.Text.Json;
using System.Text.Json.Serialization;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Subscriptions;
using Marten.Events;
using Marten.Events.Projections;
using Marten.Services.Json.Transformations;
using Marten.Subscriptions;
using Npgsql;
using Weasel.Core;

namespace Marten
{
    /// <summary>Everything that a store is told before it is made.</summary>
    public class StoreOptions
    {
        private readonly EventStoreOptions events;

        public StoreOptions()
        {
            events = new(this);
            Projections = new(this);
            Schema = new(this);
        }

        public string DatabaseSchemaName { get; set; } = "public";
        public AutoCreate AutoCreateSchemaObjects { get; set; } = AutoCreate.CreateOrUpdate;

        /// <summary>Seconds; 0: the connection's own.</summary>
        public int CommandTimeout { get; set; }

        public IEventStoreOptions Events => events;
        public ProjectionOptions Projections { get; }
        public MartenRegistry Schema { get; }
        public IList<IDocumentSessionListener> Listeners { get; } = [];

        internal EventStoreOptions EventOptions => events;
        internal NpgsqlDataSource? DataSource { get; private set; }
        internal bool OwnsDataSource { get; private set; }
        internal JsonSerializerOptions Json { get; private set; } = new();

        public void Connection(string connectionString)
        {
            if (OwnsDataSource) DataSource?.Dispose();
            (DataSource, OwnsDataSource) = (NpgsqlDataSource.Create(connectionString), true);
        }

        /// <summary>The data source stays its maker's, who disposes it.</summary>
        public void Connection(NpgsqlDataSource dataSource)
        {
            if (OwnsDataSource) DataSource?.Dispose();
            (DataSource, OwnsDataSource) = (dataSource, false);
        }

        /// <summary>Makes the table of a document type part of the schema.</summary>
        public void RegisterDocumentType<T>() => Schema.For<T>();

        public void UseSystemTextJsonForSerialization(
            EnumStorage enumStorage = EnumStorage.AsInteger, Casing casing = Casing.Default,
            Action<JsonSerializerOptions>? configure = null) =>
            UseSystemTextJsonForSerialization(new JsonSerializerOptions(), enumStorage, casing, configure);

        public void UseSystemTextJsonForSerialization(
            JsonSerializerOptions options, EnumStorage enumStorage = EnumStorage.AsInteger,
            Casing casing = Casing.Default, Action<JsonSerializerOptions>? configure = null)
        {
            var json = new JsonSerializerOptions(options);
            if (enumStorage == EnumStorage.AsString) json.Converters.Add(new JsonStringEnumConverter());
            if (casing == Casing.CamelCase) json.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
            if (casing == Casing.SnakeCase) json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            configure?.Invoke(json);
            Json = json;
        }
    }

    /// <summary>How documents are stored.</summary>
    public class MartenRegistry
    {
        private readonly StoreOptions options;

        internal MartenRegistry(StoreOptions options) => this.options = options;

        internal Dictionary<Type, string?> Aliases { get; } = new() { [typeof(DeadLetterEvent)] = null };

        public DocumentMappingExpression<T> For<T>()
        {
            Aliases.TryAdd(typeof(T), null);
            return new(options);
        }

        internal void Add(Type type) => Aliases.TryAdd(type, null);

        public class DocumentMappingExpression<T>
        {
            private readonly StoreOptions options;

            internal DocumentMappingExpression(StoreOptions options) => this.options = options;

            /// <summary>The end of its table's name: <c>mt_doc_&lt;alias&gt;</c>.</summary>
            public DocumentMappingExpression<T> DocumentAlias(string alias)
            {
                options.Schema.Aliases[typeof(T)] = alias;
                return this;
            }
        }
    }
}

namespace Marten.Events
{
    public interface IReadonlyMetadataConfig
    {
        bool CausationIdEnabled { get; }
        bool CorrelationIdEnabled { get; }
        bool HeadersEnabled { get; }
        bool UserNameEnabled { get; }
    }

    /// <summary>Which optional columns <c>mt_events</c> has.</summary>
    public class MetadataConfig : IReadonlyMetadataConfig
    {
        public bool CausationIdEnabled { get; set; }
        public bool CorrelationIdEnabled { get; set; }
        public bool HeadersEnabled { get; set; }
        public bool UserNameEnabled { get; set; }

        public void EnableAll() =>
            CausationIdEnabled = CorrelationIdEnabled = HeadersEnabled = UserNameEnabled = true;
    }

    public interface IEventStoreOptions
    {
        /// <summary>The default is the other one: it must be set to AsString.</summary>
        StreamIdentity StreamIdentity { get; set; }

        EventAppendMode AppendMode { get; set; }

        /// <summary>The store's own schema if nothing is said.</summary>
        string DatabaseSchemaName { get; set; }

        bool EnableUniqueIndexOnEventId { get; set; }
        MetadataConfig MetadataConfig { get; }
        TimeProvider TimeProvider { get; set; }
        IEventStoreOptions AddEventType<TEvent>();
        void AddEventType(Type eventType);
        void AddEventTypes(IEnumerable<Type> types);

        /// <summary>The stored name of a type; without it, the type's name in snake case.</summary>
        void MapEventType<TEvent>(string eventTypeName)
            where TEvent : class;

        void MapEventType(Type eventType, string eventTypeName);
        void Subscribe(ISubscription subscription);
        void Subscribe(ISubscription subscription, Action<ISubscriptionOptions>? configure);

        /// <summary>What is stored under the name of the old type is read as the new one.</summary>
        IEventStoreOptions Upcast<TOldEvent, TEvent>(Func<TOldEvent, TEvent> upcast)
            where TOldEvent : class
            where TEvent : class;

        IEventStoreOptions Upcast<TOldEvent, TEvent>(string eventTypeName, Func<TOldEvent, TEvent> upcast)
            where TOldEvent : class
            where TEvent : class;

        IEventStoreOptions Upcast<TEvent>(string eventTypeName, JsonTransformation jsonTransformation)
            where TEvent : class;

        IEventStoreOptions Upcast(params IEventUpcaster[] upcasters);

        IEventStoreOptions Upcast<TUpcaster>()
            where TUpcaster : IEventUpcaster, new();
    }

    internal sealed class EventStoreOptions(StoreOptions store) : IEventStoreOptions
    {
        private string? schema;

        public EventTypes Types { get; } = new();
        public StreamIdentity StreamIdentity { get; set; } = StreamIdentity.AsGuid;
        public EventAppendMode AppendMode { get; set; } = EventAppendMode.QuickWithServerTimestamps;
        public bool EnableUniqueIndexOnEventId { get; set; }
        public MetadataConfig MetadataConfig { get; } = new();
        public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

        public string DatabaseSchemaName
        {
            get => schema ?? store.DatabaseSchemaName;
            set => schema = value;
        }

        public IEventStoreOptions AddEventType<TEvent>()
        {
            AddEventType(typeof(TEvent));
            return this;
        }

        public void AddEventType(Type eventType) => Types.NameOf(eventType);

        public void AddEventTypes(IEnumerable<Type> types)
        {
            foreach (var type in types) AddEventType(type);
        }

        public void MapEventType<TEvent>(string eventTypeName)
            where TEvent : class => Types.Map(typeof(TEvent), eventTypeName);

        public void MapEventType(Type eventType, string eventTypeName) => Types.Map(eventType, eventTypeName);

        public void Subscribe(ISubscription subscription) => Subscribe(subscription, null);

        public void Subscribe(ISubscription subscription, Action<ISubscriptionOptions>? configure) =>
            store.Projections.Subscribe(subscription, configure);

        public IEventStoreOptions Upcast<TOldEvent, TEvent>(Func<TOldEvent, TEvent> upcast)
            where TOldEvent : class
            where TEvent : class => Upcast(Types.NameOf(typeof(TOldEvent)), upcast);

        public IEventStoreOptions Upcast<TOldEvent, TEvent>(
            string eventTypeName, Func<TOldEvent, TEvent> upcast)
            where TOldEvent : class
            where TEvent : class =>
            Upcast<TEvent>(eventTypeName, JsonTransformation.Between(upcast));

        public IEventStoreOptions Upcast<TEvent>(string eventTypeName, JsonTransformation jsonTransformation)
            where TEvent : class
        {
            Types.Upcast(eventTypeName, typeof(TEvent), jsonTransformation);
            return this;
        }

        public IEventStoreOptions Upcast(params IEventUpcaster[] upcasters)
        {
            foreach (var upcaster in upcasters)
            {
                var name = upcaster.EventTypeName ?? Types.NameOf(upcaster.OldEventType!);
                Types.Upcast(name, upcaster.EventType, upcaster.Transformation);
            }

            return this;
        }

        public IEventStoreOptions Upcast<TUpcaster>()
            where TUpcaster : IEventUpcaster, new() => Upcast(new TUpcaster());
    }
}
