using System.Text.Json;
using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Projections;

internal sealed partial class KeepReadModels
{
    /// <summary>What is readable from now on is noted with its moment.</summary>
    private async Task Note(
        IReadOnlyList<ModelRow> rows, long position, CancellationToken cancellation)
    {
        ModelMetrics.Note(rows.Where(row => Names.Contains(row.Name)), position);
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await LedgerClock.Tick(position, time, connection, cancellation);
    }

    private IEnumerable<ModelRow> Running(IEnumerable<ModelRow> rows) =>
        rows.Where(row => Names.Contains(row.Name) && !_stopped.Contains(row.Name));

    private void Noticed(ModelRow row)
    {
        if (!row.IsStopped) _stopped.Remove(row.Name);
        else if (Names.Contains(row.Name) && _stopped.Add(row.Name))
            Stopped(logger, row.Name, row.StoppedBefore, row.StoppedBecause);
    }

    // Passing trouble is not the model's: the page comes again.
    private static bool IsOfTheModel(Exception failure) => failure switch
    {
        OperationCanceledException => false,
        PostgresException refused => !refused.IsTransient
            && refused.SqlState[..2] is not ("40" or "53" or "57")
            && refused.SqlState != PostgresErrorCodes.LockNotAvailable,
        NpgsqlException or TimeoutException => false,
        _ => true,
    };

    private static bool IsReadable(StoredEvent stored)
    {
        try
        {
            StoredJson.Read(stored.Type, stored.Json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Names and states, and never a value: values may be somebody's data.
    private static string Sentence(Exception failure) => failure is PostgresException refused
        ? $"PostgreSQL refused its rows: {refused.SqlState} {refused.ConstraintName}".TrimEnd() + "."
        : $"{failure.GetType().Name}; the log says where.";

    [LoggerMessage(Level = LogLevel.Error, Message = "The read model {Model} has stopped before event "
        + "{Position}: {Because}")]
    private static partial void Stopped(ILogger logger, string model, long? position, string? because);

    [LoggerMessage(Level = LogLevel.Error, Message = "The read model {Model} failed on the page after "
        + "{Floor}")]
    private static partial void StoppedOn(ILogger logger, string model, long floor, Exception failure);
}
