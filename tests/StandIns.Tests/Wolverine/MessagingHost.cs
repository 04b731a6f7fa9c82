using Billing.Testbed;
using JasperFx;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Wolverine;
using Wolverine.Persistence.Durability;
using Wolverine.Postgresql;
using Wolverine.RDBMS;
using Wolverine.Runtime;

namespace Billing.StandIns.Tests.Messaging;

/// <summary>
/// A schema of its own with the tables of messages, made by the owner and used by the writer.
/// </summary>
internal sealed class MessageDatabase : IAsyncDisposable
{
    // One for all tests of messages: making a database takes longer than any of them.
    private static readonly Lazy<Task<TestDatabase>> shared = new(
        () => TestDatabase.Create("ledger", typeof(MessageDatabase).Assembly));

    private static int schemas;

    private MessageDatabase(TestDatabase database, string schema)
    {
        (Database, Schema) = (database, schema);
        Writer = new NpgsqlConnectionStringBuilder(database.Writer)
        {
            SearchPath = schema,
            ApplicationName = schema,
        }.ConnectionString;
        Source = NpgsqlDataSource.Create(Writer);
    }

    public TestDatabase Database { get; }
    public string Schema { get; }

    /// <summary>As the writer, who may make nothing.</summary>
    public string Writer { get; }

    public NpgsqlDataSource Source { get; }

    public static async Task<MessageDatabase> Create()
    {
        var database = await shared.Value;
        var schema = $"messages_{Interlocked.Increment(ref schemas)}";
        using (var host = MessagingHost.Build(
            options => options.PersistMessagesWithPostgresql(database.Owner, schema), new(), null))
            await host.Services.GetRequiredService<IMessageStore>().Admin.MigrateAsync();

        await database.Do(
            database.Owner,
            $"""
            create table {schema}.notes (number int not null, at timestamptz default clock_timestamp());
            grant usage on schema {schema} to {database.Name}_writer;
            grant select, insert, update, delete on all tables in schema {schema} to {database.Name}_writer;
            grant usage on all sequences in schema {schema} to {database.Name}_writer;
            """);

        return new(database, schema);
    }

    /// <summary>After the last test.</summary>
    public static async Task Remove()
    {
        if (shared.IsValueCreated) await (await shared.Value).DisposeAsync();
    }

    public Task<long> Count(string table, string where = "true") =>
        Ask<long>($"select count(*) from {table} where {where}");

    public Task<long> Messages(string where = "true") => Count("wolverine_incoming_envelopes", where);

    public Task<long> Unhandled() => Messages("status <> 'Handled'");

    public Task<long> DeadLetters() => Count("wolverine_dead_letters");

    /// <summary>The first value of the first row.</summary>
    public async Task<T> Ask<T>(string sql)
    {
        await using var connection = await Database.Open(Admin);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task Do(string sql) => Database.Do(Admin, sql);

    /// <summary>As if the time had passed after which a silent process is taken for dead.</summary>
    public Task DeclareAllDead() => Do("delete from wolverine_nodes");

    /// <summary>No message waits, is being handled, or is scheduled.</summary>
    public Task AllHandled() =>
        Eventually.Is(async () => await Unhandled() == 0, what: "all messages are handled");

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private string Admin =>
        new NpgsqlConnectionStringBuilder(Database.Admin) { SearchPath = Schema }.ConnectionString;
}

/// <summary>Around all tests of messages.</summary>
[SetUpFixture]
public sealed class MessageDatabases
{
    [OneTimeTearDown]
    public Task Remove() => MessageDatabase.Remove();
}

/// <summary>What handlers did, for the test to see.</summary>
public sealed class Seen
{
    private readonly List<string> words = [];

    public IReadOnlyList<string> Words
    {
        get
        {
            lock (words) return [.. words];
        }
    }

    public TaskCompletionSource Gate { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Add(string word)
    {
        lock (words) words.Add(word);
    }

    public Task Has(params string[] wanted) => Eventually.Is(
        () => wanted.All(Words.Contains), what: $"seen {string.Join(", ", wanted)}");
}

/// <summary>A process of a service, as far as messages are concerned.</summary>
internal sealed class MessagingHost : IAsyncDisposable
{
    private readonly IHost host;
    private bool ended;

    private MessagingHost(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;
    public IMessageBus Bus => host.MessageBus();

    public int NodeNumber => Runtime.Options.Durability.AssignedNodeNumber;

    /// <summary>Stored messages that this process has in mind.</summary>
    public int Remembered => Runtime.Owned!.Count;

    private WolverineRuntime Runtime => host.Services.GetRequiredService<WolverineRuntime>();

    public static IHost Build(Action<WolverineOptions> configure, Seen seen, TimeProvider? time)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.Services.AddSingleton(seen);
        if (time is not null) builder.Services.AddSingleton(time);
        builder.UseWolverine(options =>
        {
            options.Discovery.DisableConventionalDiscovery();
            configure(options);
        });

        return builder.Build();
    }

    /// <summary>Started, durable, impatient.</summary>
    public static async Task<MessagingHost> Start(
        MessageDatabase database, Seen seen, Type handler, Action<WolverineOptions>? configure = null,
        TimeProvider? time = null, bool storedByMarten = false)
    {
        var host = Build(options =>
        {
            options.Discovery.IncludeType(handler);
            if (!storedByMarten) options.PersistMessagesWithPostgresql(database.Source, database.Schema);
            options.AutoBuildMessageStorageOnStartup = AutoCreate.None;
            options.Policies.UseDurableLocalQueues();
            options.Durability.ScheduledJobPollingTime = TimeSpan.FromMilliseconds(50);
            options.Durability.NodeReassignmentPollingTime = TimeSpan.FromMilliseconds(50);
            options.Durability.HealthCheckPollingTime = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(options);
        }, seen, time);
        await host.StartAsync();

        return new(host);
    }

    /// <summary>A unit of work of the caller's own.</summary>
    public MessageContext Context() => new(Runtime);

    /// <summary>Enlists the caller's transaction, as the product does it.</summary>
    public async Task<MessageContext> Within(NpgsqlTransaction transaction)
    {
        var context = Context();
        await context.EnlistInOutboxAsync(
            new DatabaseEnvelopeTransaction((IMessageDatabase)context.Storage, transaction));
        return context;
    }

    /// <summary>As kill -9 would leave the storage.</summary>
    public async Task Abort()
    {
        ended = true;
        await Runtime.Abort();
    }

    public async Task Stop()
    {
        ended = true;
        await host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!ended) await host.StopAsync();
        host.Dispose();
    }
}
