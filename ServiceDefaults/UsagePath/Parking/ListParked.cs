using System.Globalization;
using System.Text;
using System.Text.Json;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Billing.ServiceDefaults.UsagePath.Parking;

/// <summary>What was parked, oldest first, for people who repair.</summary>
public static class ListParked
{
    public const string Route = "/api/v1/parked";

    /// <param name="Lane">Absent on raw topics.</param>
    /// <param name="Number">Absent on raw topics and for what was left in an inbox.</param>
    /// <param name="Attempts">How often it was tried again since it was parked.</param>
    public sealed record Item(
        string Id, string Topic, int Partition, int? Lane, long? Number, Guid? FactId, string? WireName,
        string Key, string Reason, DateTimeOffset ParkedAt, int Attempts, DateTimeOffset? RedriveAskedAt,
        string? RedriveAskedBy);

    /// <param name="Text">The body, where it is text.</param>
    /// <param name="Base64">The body, where it is not.</param>
    public sealed record Whole(
        Item Parked, IReadOnlyList<Header> Headers, string? MessageKeyBase64, string? Text, string? Base64);

    /// <param name="Text">The value, where it is text.</param>
    /// <param name="Base64">The value, where it is not.</param>
    public sealed record Header(string Name, string? Text, string? Base64);

    private const string Columns =
        """
        id, topic, partition, lane, number, fact_id as factId, wire_name as wireName, key, reason,
        parked_at as parkedAt, attempts, redrive_asked_at as redriveAskedAt,
        redrive_asked_by as redriveAskedBy
        """;

    /// <param name="reason">Part of the reason, whatever its letter case.</param>
    internal static Task<Ok<Page<Item>>> Answer(
        ServiceDatabase database, PageRequest page, CancellationToken cancellation,
        [FromQuery] string? topic = null, [FromQuery] string? key = null,
        [FromQuery] string? reason = null) =>
        database.AsStaff(async (connection, _) =>
        {
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(
                $"""
                select {Columns} from parked_facts
                where id > @after and (@topic::text is null or topic = @topic)
                  and (@key::text is null or key = @key)
                  and (@reason::text is null or strpos(lower(reason), lower(@reason)) > 0)
                order by id limit @fetch
                """,
                new { after = After(page), topic, key, reason, fetch = page.Fetch },
                cancellationToken: cancellation));
            return TypedResults.Ok(page.Of([.. rows.Select(row => row.Shown())], item => [item.Id]));
        }, cancellation);

    internal static Task<Results<Ok<Whole>, ProblemHttpResult>> One(
        long id, ServiceDatabase database, CancellationToken cancellation) =>
        database.AsStaff(async (connection, _) =>
        {
            var row = await connection.QuerySingleOrDefaultAsync<WholeRow>(new CommandDefinition(
                $"""
                select {Columns}, message_key as messageKey, body, headers from parked_facts where id = @id
                """,
                new { id }, cancellationToken: cancellation));
            return row is null
                ? (Results<Ok<Whole>, ProblemHttpResult>)Problems.Refuse(
                    ProblemTypes.NotFound, "Nothing is parked with this id.")
                : TypedResults.Ok(row.Whole());
        }, cancellation);

    private static long After(PageRequest page) =>
        page.After(1) is { } after ? long.Parse(after[0], CultureInfo.InvariantCulture) : 0;

    private static (string? Text, string? Base64) Readable(byte[] bytes)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t'))
                ? (null, Convert.ToBase64String(bytes))
                : (text, null);
        }
        catch (DecoderFallbackException)
        {
            return (null, Convert.ToBase64String(bytes));
        }
    }

    private class Row
    {
        public long Id { get; init; }
        public string Topic { get; init; } = "";
        public int Partition { get; init; }
        public int? Lane { get; init; }
        public long? Number { get; init; }
        public Guid? FactId { get; init; }
        public string? WireName { get; init; }
        public string Key { get; init; } = "";
        public string Reason { get; init; } = "";
        public DateTime ParkedAt { get; init; }
        public int Attempts { get; init; }
        public DateTime? RedriveAskedAt { get; init; }
        public string? RedriveAskedBy { get; init; }

        public Item Shown() => new(
            Id.ToString(CultureInfo.InvariantCulture), Topic, Partition, Lane, Number, FactId, WireName, Key,
            Reason, ParkedAt, Attempts, RedriveAskedAt, RedriveAskedBy);
    }

    private sealed class WholeRow : Row
    {
        public byte[]? MessageKey { get; init; }
        public byte[] Body { get; init; } = [];
        public string Headers { get; init; } = "[]";

        public Whole Whole()
        {
            var (text, base64) = Readable(Body);
            var headers = JsonSerializer.Deserialize<string[][]>(Headers)!.Select(header =>
            {
                var (headerText, headerBase64) = Readable(Convert.FromBase64String(header[1]));
                return new Header(header[0], headerText, headerBase64);
            });
            return new(
                Shown(), [.. headers], MessageKey is null ? null : Convert.ToBase64String(MessageKey),
                text, base64);
        }
    }
}
