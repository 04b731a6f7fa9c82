using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Reading;

internal enum Trouble
{
    /// <summary>Somebody else owns the lanes now, or a commit had succeeded after all.</summary>
    NotOurs,

    /// <summary>It passes, or a person repairs it: the batch again.</summary>
    Passing,

    /// <summary>A message is the cause: halves, until it is found.</summary>
    OfMessage,
}

/// <summary>What an exception in a batch means.</summary>
internal static class Troubles
{
    /// <summary>Raised by the functions that are the fence.</summary>
    public const string OtherOwner = "ZL001";

    private const string IdleInTransaction = "25P03";

    // Missing tables, columns, functions and rights are cured by a migration and no message's fault.
    private static readonly string[] PassingStates =
    [
        PostgresErrorCodes.UndefinedTable, PostgresErrorCodes.UndefinedColumn,
        PostgresErrorCodes.UndefinedFunction, PostgresErrorCodes.InsufficientPrivilege,
        IdleInTransaction,
    ];

    // Connection, rollback for concurrency, resources, state of objects (locks), operators, the system.
    private static readonly string[] PassingClasses = ["08", "40", "53", "55", "57", "58"];

    public static Trouble Of(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
            switch (cause)
            {
                case PostgresException { SqlState: OtherOwner }: return Trouble.NotOurs;
                case PostgresException refused: return Of(refused);
                case NpgsqlException or TryAgainException or TimeoutException or OperationCanceledException:
                    return Trouble.Passing;
                default: break;
            }

        return Trouble.OfMessage;
    }

    /// <summary>Locks, conflicts and time limits, which a smaller transaction may avoid.</summary>
    public static bool MayBeSize(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
            // A session that was idle for too long in its transaction is closed; whoever writes just then
            // sees only that. Where the store is away, halves cost nothing.
            if (cause is NpgsqlException { InnerException: IOException }) return true;
            else if (cause is PostgresException { SqlState: var state })
                return state is IdleInTransaction or PostgresErrorCodes.QueryCanceled
                    || state.StartsWith("40", StringComparison.Ordinal)
                    || state.StartsWith("55", StringComparison.Ordinal);

        return false;
    }

    private static Trouble Of(PostgresException refused) =>
        PassingStates.Contains(refused.SqlState)
        || PassingClasses.Any(kind => refused.SqlState.StartsWith(kind, StringComparison.Ordinal))
            ? Trouble.Passing
            : Trouble.OfMessage;

    /// <summary>For people: what happened, without values of rows.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        PostgresException refused =>
            $"The database refused: {refused.SqlState} {refused.ConstraintName ?? refused.Routine}.",
        System.Text.Json.JsonException { Path: { } path } => $"The body cannot be read at {path}.",
        System.Text.Json.JsonException => "The body cannot be read.",
        _ => Short($"{exception.GetType().Name}: {exception.Message}"),
    };

    private static string Short(string text) => text.Length <= 500 ? text : text[..500];
}
