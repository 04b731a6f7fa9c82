using Billing.Contracts;
using Billing.LocalTools;
using Npgsql;

namespace Billing.AppHost.Infrastructure;

/// <summary>
/// Servers that the user names are asked before anything starts, so that a typing error is one sentence.
/// </summary>
internal static class GivenServers
{
    private const int PatienceSeconds = 5;

    /// <exception cref="PreparationFailed">
    /// Not a connection string, no answer, refused, or too few rights.
    /// </exception>
    public static void CheckPostgres(string given)
    {
        try
        {
            var address = new NpgsqlConnectionStringBuilder(given)
            {
                Timeout = PatienceSeconds,
                Pooling = false,
            };
            using var connection = new NpgsqlConnection(address.ConnectionString);
            connection.Open();
            using var rights = new NpgsqlCommand(
                """
                select rolsuper or (rolcreatedb and rolcreaterole) from pg_roles where rolname = current_user
                """,
                connection);
            if (rights.ExecuteScalar() is not true)
                throw new PreparationFailed(
                    $"The user {address.Username} of ConnectionStrings__postgres may not create "
                    + "databases and roles: use another one, or alter role … createdb createrole.");
        }
        catch (Exception wrong) when (wrong is NpgsqlException or ArgumentException or TimeoutException
            or InvalidOperationException)
        {
            throw new PreparationFailed(
                $"ConnectionStrings__{Resources.Postgres} does not work: {Reason(wrong)}.", wrong);
        }
    }

    /// <exception cref="PreparationFailed">No broker of the list answers.</exception>
    public static void CheckKafka(string given)
    {
        if (KafkaProbe.Ask(given, CancellationToken.None).GetAwaiter().GetResult() is { } why)
            throw new PreparationFailed($"ConnectionStrings__{Resources.Kafka} does not work: {why}.");
    }

    private static string Reason(Exception wrong) => wrong switch
    {
        PostgresException refused => refused.MessageText,
        { InnerException: { } inner and not PostgresException } =>
            $"{wrong.Message.TrimEnd('.')} ({inner.Message.TrimEnd('.')})",
        _ => wrong.Message.TrimEnd('.'),
    };
}
