using System.Text.Json;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.Database;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using Marten;
using Npgsql;
using Weasel.Core;

namespace Billing.Ledger.Storage;

/// <summary>
/// The event store: Marten on the writer's connections, in tables that a migration made. It can append and
/// read, and nothing of what it appended ever changes (docs/adr/0002).
/// </summary>
public static class LedgerStore
{
    /// <summary>Where Marten's tables are. Neither reader nor staff may enter.</summary>
    public const string Schema = "events";

    /// <summary>
    /// The store and the daemon, which runs each projection and subscription in one of the processes.
    /// </summary>
    public static void Add(WebApplicationBuilder builder) => builder.Services
        .AddMarten(provider =>
        {
            var options = new StoreOptions();
            Configure(
                options, provider.GetRequiredService<ServiceDatabase>().Writer,
                provider.GetRequiredService<TimeProvider>());
            return options;
        })
        .AddAsyncDaemon(DaemonMode.HotCold);

    /// <param name="time">Of the service: the times of events are never the database's.</param>
    public static void Configure(StoreOptions options, NpgsqlDataSource writer, TimeProvider time)
    {
        options.Connection(writer);
        options.DatabaseSchemaName = Schema;
        options.AutoCreateSchemaObjects = AutoCreate.None;
        options.UseSystemTextJsonForSerialization(
            new JsonSerializerOptions(StoredJson.Options), EnumStorage.AsString, Casing.CamelCase);

        var events = options.Events;
        events.StreamIdentity = StreamIdentity.AsString;
        events.AppendMode = EventAppendMode.QuickWithServerTimestamps; // the times of the time provider
        events.EnableUniqueIndexOnEventId = true;
        events.MetadataConfig.HeadersEnabled = true;
        events.TimeProvider = time;
        foreach (var (name, type) in EventNames.All) events.MapEventType(type, name);
        events.Upcast<AccountCredited, CreditGranted>(AccountCredited.StoredName, AccountCredited.Upcast);

        // What cannot be read or applied stops its reader and says so: money is not passed over.
        options.Projections.Errors.SkipApplyErrors = false;
        options.Projections.Errors.SkipSerializationErrors = false;
        options.Projections.Errors.SkipUnknownEvents = false;
        options.Projections.LeadershipPollingTime = 1_000;
    }
}
