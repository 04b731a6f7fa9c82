using System.Net.Sockets;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>Turns what a person can put right about a database into one sentence.</summary>
internal static class DatabaseTrouble
{
    /// <summary>The sentence, or null when the exception is a defect of ours.</summary>
    public static string? Explain(Exception exception, NpgsqlConnectionStringBuilder connection)
    {
        var server = $"PostgreSQL at {connection.Host}:{connection.Port}";

        return exception switch
        {
            PostgresException refused => Explain(refused, server, connection),
            NpgsqlException { InnerException: SocketException or TimeoutException or IOException } =>
                $"{server} does not answer ({exception.InnerException!.Message.TrimEnd('.')}).",
            NpgsqlException other => $"{server} cannot be used: {other.Message.TrimEnd('.')}.",
            _ => null,
        };
    }

    private static string Explain(
        PostgresException refused, string server, NpgsqlConnectionStringBuilder connection) =>
        refused.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                $"{server} does not let the user '{connection.Username}' in: {refused.MessageText}.",
            PostgresErrorCodes.InsufficientPrivilege =>
                $"The user '{connection.Username}' of {server} lacks a right ({refused.MessageText}); "
                + "it needs CREATEDB and CREATEROLE, or to be a superuser.",
            PostgresErrorCodes.DiskFull => $"The disk of {server} is full.",
            PostgresErrorCodes.TooManyConnections => $"{server} has no connection left.",
            PostgresErrorCodes.CannotConnectNow => $"{server} is starting or stopping.",
            PostgresErrorCodes.LockNotAvailable =>
                $"{server}: a table is locked by somebody else for too long; stop the service first.",
            _ => $"{server} refuses: {refused.MessageText} ({refused.SqlState}).",
        };

    /// <summary>It may be better in a moment.</summary>
    public static bool MayPass(Exception exception) => exception is PostgresException refused
        ? refused.SqlState == PostgresErrorCodes.CannotConnectNow
        : exception is NpgsqlException { InnerException: SocketException or TimeoutException or IOException };
}
