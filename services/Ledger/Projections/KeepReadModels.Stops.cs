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

    private long Furthest(IEnumerable<ModelRow> rows) =>
        rows.Where(row => Names.Contains(row.Name)).Max(row => row.Position);

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

    private async Task StopBefore(
        IReadOnlyList<IReadModel> which, long after, UnreadableEventException unreadable,
        CancellationToken cancellation)
    {
        var page = new EventPage(after, unreadable.Position, []);
        foreach (var model in which) await Stop(model, page, unreadable.InnerException!, cancellation);
    }

    private async Task<IReadOnlyList<ModelRow>> Stop(
        IReadModel model, EventPage page, Exception failure, CancellationToken cancellation)
    {
        StoppedOn(logger, model.Name, page.Floor, failure);
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await TakePage.Stop(model, page, Sentence(failure), connection, cancellation);
        await transaction.CommitAsync(cancellation);
        var rows = await ModelRow.Look(connection, cancellation);
        foreach (var row in rows.Values) Noticed(row);
        return [.. rows.Values];
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
