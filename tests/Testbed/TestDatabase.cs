using System.Reflection;
using System.Security.Cryptography;
using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Billing.Testbed;

/// <summary>
/// A database of one test's own, with its own four roles, migrated as the product does it. Gone when
/// disposed.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string server;

    private TestDatabase(string service, string name, string server)
    {
        (Service, Name, this.server) = (service, name, server);
        Admin = new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
        var settings = DatabaseRoles.All.ToDictionary(
            role => $"ConnectionStrings:{Resources.Connection(service, role)}", string? (role) => As(role));
        settings.Add($"ConnectionStrings:{service}", Admin);
        Configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
    }

    /// <summary>The resource name that the connection strings go by.</summary>
    public string Service { get; }

    /// <summary>
    /// The database's name on the server; its roles are <c>&lt;name&gt;_owner</c> and so on.
    /// </summary>
    public string Name { get; }

    public string Admin { get; }

    public string Owner => As(DatabaseRoles.Owner);
    public string Writer => As(DatabaseRoles.Writer);
    public string Reader => As(DatabaseRoles.Reader);
    public string Staff => As(DatabaseRoles.Staff);

    /// <summary>All five connection strings, as a service and its migration run find them.</summary>
    public IConfiguration Configuration { get; }

    /// <param name="migrations">The service's assembly; one without migrations gets the common ones.</param>
    public static async Task<TestDatabase> Create(string service, Assembly migrations)
    {
        var database = await Prepare(service);
        await Migrations.Run(
            database.Configuration, service, migrations, NullLogger.Instance, CancellationToken.None);

        return database;
    }

    /// <summary>Names and passwords for a database that is not there yet.</summary>
    /// <param name="admin">
    /// An administrator's connection string; null for that of <see cref="Servers"/>.
    /// </param>
    public static async Task<TestDatabase> Prepare(string service, string? admin = null)
    {
        var server = admin ?? await Servers.Postgres();
        var name = $"{Resources.Database(service)}_{RandomNumberGenerator.GetHexString(10, lowercase: true)}";

        return new(service, name, server);
    }

    /// <summary>A connection as one of the roles; not pooled, so that nothing outlives the test.</summary>
    public async Task<NpgsqlConnection> Open(string connectionString)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();

        return connection;
    }

    /// <summary>Runs statements as one of the roles.</summary>
    public async Task Do(string connectionString, string sql)
    {
        await using var connection = await Open(connectionString);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first value of the first row.</summary>
    public async Task<T> Ask<T>(string connectionString, string sql)
    {
        await using var connection = await Open(connectionString);
        await using var command = new NpgsqlCommand(sql, connection);

        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Do(server, $"drop database if exists {Name} with (force)");
        foreach (var role in DatabaseRoles.All) await Do(server, $"drop role if exists {Role(role)}");
    }

    private string As(string role) => new NpgsqlConnectionStringBuilder(server)
    {
        Database = Name,
        Username = Role(role),
        Password = $"{Role(role)}-password",
    }.ConnectionString;

    private string Role(string role) => $"{Name}_{role}";
}
