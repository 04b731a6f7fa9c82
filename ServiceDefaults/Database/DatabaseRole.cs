using Billing.Contracts;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// One of the four roles of a service's database, with what frees the locks of a process that hangs. Times
/// are PostgreSQL's: a number and a unit, 0 for never.
/// </summary>
internal sealed record DatabaseRole(
    string Kind, NpgsqlConnectionStringBuilder Connection, string LockTimeout, string StatementTimeout,
    string IdleInTransactionTimeout, bool ReadOnly)
{
    public string Name => Connection.Username!;

    /// <exception cref="CannotStartException">
    /// A connection string is missing or contradicts another.
    /// </exception>
    public static IReadOnlyList<DatabaseRole> All(IConfiguration configuration, string service)
    {
        DatabaseRole[] roles =
        [
            // A migration may wait behind a running service, and may then take long.
            Of(DatabaseRoles.Owner, "30s", "0", "60s", readOnly: false),
            // A batch that does not get its lock is tried again. What hangs in the middle of one loses its
            // locks.
            Of(DatabaseRoles.Writer, "5s", "30s", "5s", readOnly: false),
            // Somebody waits for the answer.
            Of(DatabaseRoles.Reader, "2s", "10s", "5s", readOnly: true),
            // Reports over all tenants.
            Of(DatabaseRoles.Staff, "2s", "60s", "5s", readOnly: true),
        ];
        var database = DatabaseConnections.Admin(configuration, service).Database;
        foreach (var role in roles) role.Check(service, database!);

        return roles.DistinctBy(role => role.Name).Count() == roles.Length
            ? roles
            : throw new CannotStartException(
                $"The connection strings '{service}-…' do not name four different users.");

        DatabaseRole Of(string kind, string locks, string statement, string idle, bool readOnly) => new(
            kind, DatabaseConnections.Of(configuration, service, kind), locks, statement, idle, readOnly);
    }

    /// <summary>Settings that every session of the role begins with.</summary>
    public IEnumerable<(string Name, string Value)> Settings =>
    [
        ("lock_timeout", LockTimeout),
        ("statement_timeout", StatementTimeout),
        ("idle_in_transaction_session_timeout", IdleInTransactionTimeout),
        ("default_transaction_read_only", ReadOnly ? "on" : "off"),
        ("search_path", "public"),
    ];

    private void Check(string service, string database)
    {
        var name = Resources.Connection(service, Kind);
        if (Connection.Database != database)
            throw new CannotStartException(
                $"The connection string '{name}' is for '{Connection.Database}', not '{database}'.");
        if (Connection.Username is not { } user || !DatabaseConnections.PlainName().IsMatch(user))
            throw new CannotStartException(
                $"The connection string '{name}' names no user of small letters, digits and _.");
        if (string.IsNullOrEmpty(Connection.Password))
            throw new CannotStartException($"The connection string '{name}' has no password.");
    }
}
