using System.Reflection;
using Billing.Contracts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// The run before a service starts: makes database and roles if they are missing, then brings the schema up
/// to date. Two at once are harmless: the second waits, and finds nothing to do.
/// </summary>
public static partial class Migrations
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(250);

    /// <param name="configuration">
    /// <c>ConnectionStrings:&lt;service&gt;</c> of an administrator, and those of the four roles, which tell
    /// their names and passwords.
    /// </param>
    /// <param name="migrations">With resources <c>Migrations/0001-name.sql</c> …; may have none.</param>
    /// <exception cref="CannotStartException">One sentence says what to put right.</exception>
    public static Task Run(
        IConfiguration configuration, string service, Assembly migrations, ILogger logger,
        CancellationToken cancellation) =>
        Run(configuration, service, MigrationFile.All(migrations), logger, cancellation);

    internal static async Task Run(
        IConfiguration configuration, string service, IReadOnlyList<MigrationFile> files, ILogger logger,
        CancellationToken cancellation)
    {
        var admin = DatabaseConnections.Admin(configuration, service);
        var roles = DatabaseRole.All(configuration, service);
        var owner = Alone(roles.First(role => role.Kind == DatabaseRoles.Owner).Connection);

        await Explained(admin, () => Bootstrap.Run(Alone(admin), roles, logger, cancellation), cancellation);
        await Explained(owner, () => Apply(owner, roles, files, logger, cancellation), cancellation);
    }

    private static async Task Apply(
        NpgsqlConnectionStringBuilder owner, IReadOnlyList<DatabaseRole> roles,
        IReadOnlyList<MigrationFile> files, ILogger logger, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(owner.ConnectionString);
        await connection.OpenAsync(cancellation);
        await RunLock.Take(connection, owner.Database!, logger, cancellation);

        await Privileges.Grant(connection, owner.Database!, roles, cancellation);
        await Schema.Update(connection, roles, files, logger, cancellation);
        await Installation.MakeOrRenew(connection, logger, cancellation);
        await Privileges.Verify(connection, roles, cancellation);
    }

    /// <summary>
    /// A connection that is not pooled keeps a session's lock exactly as long as it is open.
    /// </summary>
    private static NpgsqlConnectionStringBuilder Alone(NpgsqlConnectionStringBuilder connection) =>
        new(connection.ConnectionString) { Pooling = false, ApplicationName = "billing-migrations" };

    private static async Task Explained(
        NpgsqlConnectionStringBuilder connection, Func<Task> work, CancellationToken cancellation)
    {
        for (var waited = TimeSpan.Zero; ; waited += pause)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception passing) when (DatabaseTrouble.MayPass(passing) && waited < patience)
            {
                // A server that has just been started.
            }
            catch (NpgsqlException trouble)
            {
                throw new CannotStartException(DatabaseTrouble.Explain(trouble, connection)!, trouble);
            }

            await Task.Delay(pause, cancellation);
        }
    }
}
