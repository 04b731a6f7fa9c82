using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Parking;

/// <summary>
/// Asks to try parked messages again. It only leaves a mark: the owner of the lane does it, in order, and
/// whatever fails again stays with a new reason. Asking twice does no harm, so no Idempotency-Key is needed.
/// </summary>
public static class RedriveParked
{
    /// <summary>All parked messages of a topic, or those of one key of it.</summary>
    public sealed record Command(string Topic, string? Key = null);

    /// <param name="Asked">How many will be tried; 0 where nothing is parked.</param>
    public sealed record Answer(int Asked);

    /// <summary>The message and, since a key goes in order, those of its key that are before it.</summary>
    internal static async Task<Results<Accepted<Answer>, ProblemHttpResult>> One(
        long id, HttpContext context, ServiceDatabase database, Inbox pokes, TimeProvider time)
    {
        var asked = await Mark(
            """
            from parked_facts one
            where one.id = $3 and p.topic = one.topic and p.key = one.key
              and p.lane is not distinct from one.lane and p.id <= one.id
            """, context, database, time, id);
        pokes.Poke();
        return asked == 0
            ? Problems.Refuse(ProblemTypes.NotFound, "Nothing is parked with this id.")
            : TypedResults.Accepted((string?)null, new Answer(asked));
    }

    internal static async Task<Results<Accepted<Answer>, ProblemHttpResult>> Many(
        Command command, HttpContext context, ServiceDatabase database, Inbox pokes, TimeProvider time)
    {
        if (string.IsNullOrWhiteSpace(command.Topic))
            return Problems.Refuse(ProblemTypes.Invalid, "'topic' names the topic to try again.");

        var asked = await Mark(
            "where p.topic = $3 and ($4::text is null or p.key = $4)", context, database, time, command.Topic,
            (object?)command.Key ?? DBNull.Value);
        pokes.Poke();
        return TypedResults.Accepted((string?)null, new Answer(asked));
    }

    private static async Task<int> Mark(
        string which, HttpContext context, ServiceDatabase database, TimeProvider time,
        params object[] values)
    {
        await using var command = database.Writer.CreateCommand(
            $"update parked_facts p set redrive_asked_at = $1, redrive_asked_by = $2 {which}");
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        command.Parameters.Add(new() { Value = Caller.Of(context.User).Subject });
        foreach (var value in values)
            command.Parameters.Add(value is DBNull
                ? new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text }
                : new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync(context.RequestAborted);
    }
}
