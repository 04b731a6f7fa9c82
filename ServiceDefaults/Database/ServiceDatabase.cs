using System.Reflection;
using Billing.Contracts;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// The service's PostgreSQL, once for each role that a running service has. The roles limit what each may do
/// and for how long it may hold a lock (docs/adr/0009).
/// </summary>
public sealed class ServiceDatabase : IAsyncDisposable
{
    // Six services with one instance each stay below a server's 200 connections.
    private const int WriterConnections = 12;
    private const int ReaderConnections = 12;
    private const int StaffConnections = 4;

    // Statements that a connection runs again and again. Besides, a connection with prepared ones keeps the
    // plans of its functions when it goes back to the pool: half of the time of a small transaction.
    private const int PreparedStatements = 100;

    private ServiceDatabase(NpgsqlDataSource writer, NpgsqlDataSource reader, NpgsqlDataSource staff) =>
        (Writer, Reader, Staff) = (writer, reader, staff);

    /// <summary>Batches, commands and projections; all tenants. No question of HTTP uses it.</summary>
    public NpgsqlDataSource Writer { get; }

    /// <summary>Sees nothing by itself; questions go through <see cref="TenantScope"/>.</summary>
    internal NpgsqlDataSource Reader { get; }

    /// <summary>All tenants, reading only; for callers whose role is finance, ops or admin.</summary>
    public NpgsqlDataSource Staff { get; }

    /// <exception cref="CannotStartException">A connection string is missing; it is named.</exception>
    public static ServiceDatabase Of(IConfiguration configuration, string service) => new(
        Source(configuration, service, DatabaseRoles.Writer, WriterConnections),
        Source(configuration, service, DatabaseRoles.Reader, ReaderConnections),
        Source(configuration, service, DatabaseRoles.Staff, StaffConnections));

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync();
        await Reader.DisposeAsync();
        await Staff.DisposeAsync();
    }

    private static NpgsqlDataSource Source(
        IConfiguration configuration, string service, string role, int connections)
    {
        var settings = DatabaseConnections.Of(configuration, service, role);
        // Npgsql's ContainsKey is true of every setting there is, given or not.
        if (!settings.ShouldSerialize("Maximum Pool Size")) settings.MaxPoolSize = connections;
        if (!settings.ShouldSerialize("Max Auto Prepare")) settings.MaxAutoPrepare = PreparedStatements;
        settings.ApplicationName = Resources.Connection(service, role);
        settings.Enlist = false;
        settings.IncludeErrorDetail = false; // details hold values of rows

        return new NpgsqlDataSourceBuilder(settings.ConnectionString)
        {
            Name = settings.ApplicationName,
        }.Build();
    }
}

/// <summary>Registers the database of a service.</summary>
public static class DatabaseRegistration
{
    /// <summary>
    /// <see cref="ServiceDatabase"/>, the health check "database", <see cref="IdempotencyKeys"/> and the
    /// sweep of expired keys. The clock is the registered <see cref="TimeProvider"/>.
    /// </summary>
    /// <param name="migrations">
    /// The assembly whose steps must all have been applied for the service to be ready.
    /// </param>
    /// <exception cref="CannotStartException">A connection string is missing; it is named.</exception>
    public static IHostApplicationBuilder AddDatabase(
        this IHostApplicationBuilder builder, string service, Assembly migrations)
    {
        var database = ServiceDatabase.Of(builder.Configuration, service);
        var expected = MigrationFile.All(migrations);

        builder.Services.AddSingleton(_ => database); // by a factory, so that the container disposes it
        builder.Services.AddSingleton<IdempotencyKeys>();
        builder.Services.AddHostedService<IdempotencySweep>();
        builder.Services.AddHostedService(_ => new InstallationCheck(database));
        builder.Services.AddHealthChecks().AddCheck(
            "database", new DatabaseHealth(database, expected), failureStatus: null, tags: ["ready"]);

        return builder;
    }
}
