using Billing.Contracts;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// Database and roles, by the administrator: a superuser, or a user with CREATEDB and CREATEROLE. Every
/// database is UTF-8 and sorts by bytes (C), so that an order is the same on every server.
/// </summary>
internal static class Bootstrap
{
    private const string MaintenanceDatabase = "postgres";

    public static async Task Run(
        NpgsqlConnectionStringBuilder admin, IReadOnlyList<DatabaseRole> roles, ILogger logger,
        CancellationToken cancellation)
    {
        var database = admin.Database!;
        var server =
            new NpgsqlConnectionStringBuilder(admin.ConnectionString) { Database = MaintenanceDatabase };
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(cancellation);
        await RunLock.Take(connection, database, logger, cancellation);

        foreach (var role in roles) await Make(connection, role, cancellation);
        var owner = roles.First(role => role.Kind == DatabaseRoles.Owner).Name;
        await BecomeMemberOf(connection, owner, cancellation);

        var existing = await ExistingDatabase.Find(connection, admin, cancellation);
        if (existing is { IsEmpty: true, IsUnicodeByBytes: false })
        {
            // Made by whoever started the server, with that server's language. Nothing is in it.
            logger.LogInformation("Making the empty database {Database} again, sorted by bytes", database);
            await Do(connection, $"drop database {database} with (force)", cancellation);
            existing = null;
        }

        if (existing is null)
        {
            logger.LogInformation("Making the database {Database}", database);
            await Do(
                connection,
                $"create database {database} owner {owner} template template0 encoding 'UTF8' "
                + "locale_provider libc locale 'C'", cancellation);
            return;
        }

        existing.Check(database);
        if (existing.Owner != owner)
            await Do(connection, $"alter database {database} owner to {owner}", cancellation);
    }

    private static async Task Make(
        NpgsqlConnection connection, DatabaseRole role, CancellationToken cancellation)
    {
        await using var find = new NpgsqlCommand(
            """
            select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles where rolname = $1
            """, connection)
        {
            Parameters = { new() { Value = role.Name } },
        };
        var privileged = (bool?)await find.ExecuteScalarAsync(cancellation);
        if (privileged == true)
            throw new CannotStartException(
                $"The role '{role.Name}' may do more than a service must (superuser, row-level security, "
                + "roles): name another one.");

        var verb = privileged is null ? "create" : "alter";
        var password = ScramVerifier.Of(role.Connection.Password!);
        await Do(connection, $"{verb} role {role.Name} login password '{password}'", cancellation);
        foreach (var (name, value) in role.Settings)
            await Do(connection, $"alter role {role.Name} set {name} = '{value}'", cancellation);
    }

    /// <summary>
    /// Only a member of a role may give a database to it; a superuser is one of every role.
    /// </summary>
    private static Task BecomeMemberOf(
        NpgsqlConnection connection, string owner, CancellationToken cancellation) => Do(
        connection,
        $"""
        do $$ begin
            if not (select rolsuper from pg_roles where rolname = current_user) then
                grant {owner} to current_user;
            end if;
        end $$
        """, cancellation);

    private static async Task Do(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
