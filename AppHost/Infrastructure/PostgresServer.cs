using Aspire.Hosting.ApplicationModel;
using Billing.Contracts;
using Npgsql;

namespace Billing.AppHost.Infrastructure;

/// <summary>The PostgreSQL server that was taken, whatever it is.</summary>
/// <param name="Address">Host, port and what else a connection needs, without user and database.</param>
/// <param name="Admin">For a user that may create databases and roles.</param>
/// <param name="Resource">What others wait for; null for a server that is not ours to start.</param>
public sealed record PostgresServer(
    IDistributedApplicationBuilder Builder,
    ReferenceExpression Address,
    ReferenceExpression Admin,
    IResourceBuilder<IResource>? Resource,
    Installation Installation)
{
    /// <summary>
    /// The database of one service: what its migration run makes, and the roles that open it.
    /// </summary>
    public Store Store(string service)
    {
        var database = Resources.Database(service);
        var admin = Builder.AddConnectionString(
            Resources.Store(service), ReferenceExpression.Create($"{Admin};Database={database}"));

        return new Store(
            service, admin, DatabaseRoles.All.ToDictionary(role => role, role => As(role, service)), this);
    }

    private ReferenceExpression As(string role, string service)
    {
        var name = Resources.Connection(service, role);
        var password = Builder.AddParameter($"{name}-password", Installation.Secrets[name], secret: true);
        return ReferenceExpression.Create(
            $"{Address};Username={Resources.Role(service, role)};Password={password};"
            + $"Database={Resources.Database(service)}");
    }

    /// <summary>Splits a connection string that the user gave into where and who.</summary>
    internal static (string Address, string Admin) Split(string given)
    {
        var admin = new NpgsqlConnectionStringBuilder(given);
        admin.Remove("Database");
        var address = new NpgsqlConnectionStringBuilder(admin.ConnectionString);
        address.Remove("Username");
        address.Remove("Password");
        return (address.ConnectionString, admin.ConnectionString);
    }
}

/// <summary>A service's database, as seen from outside.</summary>
/// <param name="Admin">The resource that stands for it, with the server's administrator.</param>
/// <param name="Roles">Connection strings by role (<see cref="DatabaseRoles"/>).</param>
public sealed record Store(
    string Service,
    IResourceBuilder<IResourceWithConnectionString> Admin,
    IReadOnlyDictionary<string, ReferenceExpression> Roles,
    PostgresServer Server);
