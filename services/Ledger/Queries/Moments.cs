using System.Globalization;
using Billing.Ledger.Projections;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Npgsql;

namespace Billing.Ledger.Queries;

/// <summary>
/// The moment that a question is about, on both clocks, as the caller says it: <c>asOf</c> (effective) and
/// <c>knownAt</c> (a position of the ledger, or a time, which means the last position readable by then).
/// </summary>
public sealed record AskedMoment
{
    private AskedMoment(DateTimeOffset? asOf, long? position, DateTimeOffset? time) =>
        (AsOf, Position, Time) = (asOf, position, time);

    public DateTimeOffset? AsOf { get; }

    internal long? Position { get; }

    internal DateTimeOffset? Time { get; }

    /// <exception cref="RefusedRequestException">Not a moment.</exception>
    public static AskedMoment Of(string? asOf, string? knownAt)
    {
        if (long.TryParse(knownAt, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
            return new(Read(asOf, "asOf"), position, null);

        return new(Read(asOf, "asOf"), null, Read(knownAt, "knownAt"));
    }

    /// <summary>A moment with its offset from UTC; null where nothing is given.</summary>
    /// <exception cref="RefusedRequestException">It has no offset, or is no moment.</exception>
    internal static DateTimeOffset? Read(string? text, string name)
    {
        if (text is null) return null;

        // A plus in a query is a blank to most servers, and to this one.
        var spelled = text.Replace(' ', '+');
        var hasOffset = spelled.EndsWith('Z') || (spelled.Length > 6 && spelled[^6] is '+' or '-');
        return hasOffset && DateTimeOffset.TryParseExact(
            spelled, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var moment)
                ? moment
                : throw new RefusedRequestException(
                    $"'{name}' is a time with its offset, as 2026-03-14T12:00:00Z"
                    + (name == "knownAt" ? ", or a position." : "."));
    }

    private static readonly string[] Formats =
        ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
}

/// <summary>The moment that an answer is about.</summary>
/// <param name="Position">Every event up to it is in the answer, and none beyond.</param>
/// <param name="IsPresent">Nothing later is known yet, and no effective time was asked for.</param>
internal sealed record AnswerMoment(long Position, DateTimeOffset? AsOf, bool IsPresent)
{
    /// <summary>For SQL: nothing is later than this.</summary>
    public DateTimeOffset Effective => AsOf ?? DateTimeOffset.MaxValue;
}

/// <summary>Asks read models, in one snapshot, at one position.</summary>
internal static class AskModels
{
    /// <param name="models">Those that the question reads.</param>
    /// <param name="ask">Gets the moment; rows are compared with its position.</param>
    /// <exception cref="RefusedRequestException">The moment is not reached.</exception>
    public static async Task<T> At<T>(
        this ServiceDatabase database, Caller caller, AskedMoment moment, string[] models,
        Func<NpgsqlConnection, AnswerMoment, Task<T>> ask, TimeProvider time, CancellationToken cancellation,
        long? goOnAt = null)
    {
        var wanted = goOnAt ?? moment.Position ?? await At(moment.Time, database, time, cancellation);
        return caller.Tenant is { } tenant
            ? await database.AsTenant(tenant, Ask, cancellation)
            : await database.AsStaff(Ask, cancellation);

        async Task<T> Ask(NpgsqlConnection connection, NpgsqlTransaction transaction)
        {
            var rows = await ModelRow.Look(connection, cancellation);
            var positions = models.Select(model => rows[model].Position).ToList();
            var (least, most) = (positions.Min(), positions.Max());
            if (wanted > least)
                throw new RefusedRequestException($"'knownAt' is ahead of what can be read: {least}.");

            var position = wanted ?? least;
            return await ask(
                connection, new(position, moment.AsOf, position == most && moment.AsOf is null));
        }
    }

    private static async Task<long?> At(
        DateTimeOffset? asked, ServiceDatabase database, TimeProvider time, CancellationToken cancellation)
    {
        if (asked is not { } moment) return null;
        if (moment > time.GetUtcNow()) throw new RefusedRequestException("'knownAt' is in the future.");

        return await LedgerClock.PositionAt(moment, database.Staff, cancellation);
    }
}
