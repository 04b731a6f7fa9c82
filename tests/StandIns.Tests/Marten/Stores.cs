using System.Security.Cryptography;
using Billing.Testbed;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace Billing.StandIns.Tests.Marten;

/// <summary>One database for these tests; each store gets a schema of its own in it.</summary>
[SetUpFixture]
public class Stores
{
    private static readonly string name = $"marten_{RandomNumberGenerator.GetHexString(10, lowercase: true)}";

    private static int schemas;
    private static NpgsqlDataSource? source;

    public static NpgsqlDataSource Source => source!;

    public static string NewSchema() => $"s{Interlocked.Increment(ref schemas)}";

    /// <summary>String stream ids, headers, unique event ids; the rest as it is by default.</summary>
    public static DocumentStore New(Action<StoreOptions>? configure = null, string? schema = null) =>
        DocumentStore.For(options =>
        {
            options.Connection(Source);
            options.DatabaseSchemaName = schema ?? NewSchema();
            options.Events.StreamIdentity = StreamIdentity.AsString;
            options.Events.EnableUniqueIndexOnEventId = true;
            options.Events.MetadataConfig.HeadersEnabled = true;
            options.Events.MapEventType<Counted>("counted");
            options.Events.MapEventType<Renamed>("renamed");
            options.Projections.FastPollingTime = TimeSpan.FromMilliseconds(50);
            options.Projections.SlowPollingTime = TimeSpan.FromMilliseconds(100);
            options.Projections.AgentPauseTime = TimeSpan.FromMilliseconds(100);
            options.Projections.LeadershipPollingTime = 50;
            options.Projections.Errors.SkipApplyErrors = false;
            options.Projections.Errors.SkipSerializationErrors = false;
            options.Projections.Errors.SkipUnknownEvents = false;
            configure?.Invoke(options);
        });

    public static async Task<T> Ask<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);

        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static async Task Do(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    [OneTimeSetUp]
    public async Task Create()
    {
        var server = await Servers.Postgres();
        await using (var admin = NpgsqlDataSource.Create(server))
        await using (var create = admin.CreateCommand($"create database {name}"))
            await create.ExecuteNonQueryAsync();

        source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server)
        {
            Database = name,
            MaxPoolSize = 50,
            IncludeErrorDetail = true,
        });
    }

    [OneTimeTearDown]
    public async Task Drop()
    {
        await source!.DisposeAsync();
        await using var admin = NpgsqlDataSource.Create(await Servers.Postgres());
        await using var drop = admin.CreateCommand($"drop database {name} with (force)");
        await drop.ExecuteNonQueryAsync();
    }
}

public sealed record Counted(int Amount);

public sealed record Renamed(string Name);

/// <summary>What the events of a stream add up to, by its own methods.</summary>
public sealed class Counter
{
    public string Id { get; set; } = "";
    public int Total { get; set; }
    public string? Name { get; set; }

    public void Apply(Counted counted) => Total += counted.Amount;

    public void Apply(IEvent<Renamed> renamed) => Name = $"{renamed.Data.Name}@{renamed.Version}";
}

internal static class Sessions
{
    /// <summary>Appends in a session of its own.</summary>
    public static async Task<StreamAction> Append(
        this IDocumentStore store, string stream, params object[] events)
    {
        await using var session = store.LightweightSession();
        var action = session.Events.Append(stream, events);
        await session.SaveChangesAsync();

        return action;
    }

    public static async Task<IReadOnlyList<IEvent>> Events(this IDocumentStore store, string stream)
    {
        await using var session = store.QuerySession();

        return await session.Events.FetchStreamAsync(stream);
    }

    /// <summary>What the only dead letter says.</summary>
    public static Task<string> DeadLetter(this DocumentStore store, string property) => Stores.Ask<string>(
        $"select data ->> '{property}' from {store.Schema()}.mt_doc_deadletterevent");

    public static string Schema(this DocumentStore store) => store.Parts.Names.EventSchema;
}
