using System.Text.Json;
using JasperFx.Events;
using Marten.Exceptions;
using Npgsql;

namespace Marten.Sessions;

/// <summary>PostgreSQL's errors as the exceptions that callers know.</summary>
internal static class Refusals
{
    /// <summary>Begins the text that an append fails on when a stream is not as expected.</summary>
    public const string Mark = "marten-stream:";

    public static Exception Of(NpgsqlException refused, IEnumerable<StreamAction> streams) => refused switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidTextRepresentation } unexpected
            when unexpected.MessageText.Contains(Mark, StringComparison.Ordinal) =>
                Stream(unexpected, streams),
        PostgresException
        {
            SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "pk_mt_events_stream_and_version",
        } twice => new EventStreamUnexpectedMaxEventIdException(twice.MessageText),
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure } lost =>
            new ConcurrentUpdateException(lost),
        _ => new MartenCommandException(refused),
    };

    private static Exception Stream(PostgresException unexpected, IEnumerable<StreamAction> streams)
    {
        // The text is quoted in a sentence of the server's language: from the first brace to the last.
        var text = unexpected.MessageText;
        var start = text.IndexOf('{', text.IndexOf(Mark, StringComparison.Ordinal));
        using var found = JsonDocument.Parse(text[start..(text.LastIndexOf('}') + 1)]);
        var key = found.RootElement.GetProperty("stream").GetString()!;
        var actual = found.RootElement.GetProperty("actual").GetInt64();
        var action = streams.First(stream => stream.Key == key);

        return action.ActionType == StreamActionType.Start
            ? new ExistingStreamIdCollisionException(key, action.AggregateType)
            : new EventStreamUnexpectedMaxEventIdException(
                key, action.AggregateType, action.ExpectedVersionOnServer ?? 0, actual);
    }
}
