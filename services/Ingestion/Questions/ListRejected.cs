using System.Globalization;
using System.Text;
using Billing.Ingestion.Usage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Questions;

/// <summary>
/// What was not taken: rejected, in conflict, or not to be read at all. The newest first. A producer sees
/// that of its sources, staff all.
/// </summary>
public static class ListRejected
{
    public const string Route = "/api/v1/events/rejected";

    internal static readonly AuthorizationPolicy ProducersAndStaff = new AuthorizationPolicyBuilder()
        .RequireAssertion(context => Caller.TryOf(context.User, out var caller)
            && (caller.Role == Roles.Producer || caller.IsStaff))
        .Build();

    public static void Map(WebApplication app) =>
        app.MapGet(Route, List).RequireAuthorization(ProducersAndStaff)
            .WithTags("Events").WithName("ListRejectedEvents")
            .WithSummary("What was not taken, and why; filters: source, code, from, to.");

    /// <param name="code">The stable word of the refusal.</param>
    /// <param name="from">Received at or after.</param>
    /// <param name="to">Received before.</param>
    private static async Task<Results<Ok<Page<RefusedEvent>>, ProblemHttpResult>> List(
        PageRequest page, HttpContext context, ServiceDatabase database, string? source = null,
        string? code = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        if (source is not null && !ApiKeyAuthentication.MaySpeakFor(context.User, source))
            return Problems.Refuse(ProblemTypes.Forbidden, "The API key may not ask about this source.");

        var sources = source is not null ? [source] : SourcesOf(context);
        var after = page.After(2);
        var rows = await database.AsStaff((connection, _) => Read(
            connection, sources, code, from, to, after, page.Fetch, context.RequestAborted),
            context.RequestAborted);
        return TypedResults.Ok(page.Of(rows, row =>
            [row.ReceivedAt.ToString("O", CultureInfo.InvariantCulture), row.Number]));
    }

    /// <summary>Null for all.</summary>
    private static string[]? SourcesOf(HttpContext context) => Caller.Of(context.User).ApiKey is null
        ? null
        : [.. context.User.FindAll(ApiKeyAuthentication.SourceClaim).Select(claim => claim.Value)];

    private static async Task<List<RefusedEvent>> Read(
        NpgsqlConnection connection, string[]? sources, string? code, DateTimeOffset? from,
        DateTimeOffset? to, IReadOnlyList<string>? after, int limit, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select {RefusedEvent.Columns} from usage_refusals
            where ($1 is null or source = any ($1)) and ($2 is null or code = $2)
              and received_at >= coalesce($3, '-infinity') and received_at < coalesce($4, 'infinity')
              and received_at <= coalesce($5, 'infinity')
              and ($5 is null or (received_at, refusal_id) < ($5, $6))
            order by received_at desc, refusal_id desc limit $7
            """, connection);
        Add(sources, NpgsqlDbType.Array | NpgsqlDbType.Text);
        Add(code, NpgsqlDbType.Text);
        Add(from?.ToUniversalTime(), NpgsqlDbType.TimestampTz);
        Add(to?.ToUniversalTime(), NpgsqlDbType.TimestampTz);
        Add(
            after is null ? null : DateTimeOffset.Parse(after[0], CultureInfo.InvariantCulture),
            NpgsqlDbType.TimestampTz);
        Add(after is null ? 0 : long.Parse(after[1], CultureInfo.InvariantCulture), NpgsqlDbType.Bigint);
        Add(limit, NpgsqlDbType.Integer);
        return await RefusedEvent.Read(command, cancellation);

        void Add(object? value, NpgsqlDbType type) =>
            command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });
    }
}

/// <summary>Something that came and was not taken.</summary>
/// <param name="Number">Of the refusal.</param>
/// <param name="Source">As far as it could be read, as the following two.</param>
/// <param name="Code">A stable word.</param>
/// <param name="Detail">The reason, as a sentence.</param>
/// <param name="Body">The bytes as text, or their beginning.</param>
/// <param name="BodyBytes">How many came.</param>
public sealed record RefusedEvent(
    string Number, DateTimeOffset ReceivedAt, UsageVia Via, bool IsConflict, string? Source, string? Id,
    string? Tenant, string Code, string Detail, string? SentBy, string Body, int BodyBytes)
{
    internal const string Columns =
        "refusal_id, received_at, via, is_conflict, source, id, tenant_id, code, detail, sent_by, "
        + "substring(body for 4096), body_bytes";

    internal static async Task<List<RefusedEvent>> Read(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var refused = new List<RefusedEvent>();
        while (await rows.ReadAsync(cancellation))
            refused.Add(new(
                rows.GetInt64(0).ToString(CultureInfo.InvariantCulture),
                rows.GetFieldValue<DateTimeOffset>(1), (UsageVia)rows.GetInt16(2), rows.GetBoolean(3),
                Text(4), Text(5), Text(6), rows.GetString(7), rows.GetString(8), Text(9),
                Encoding.UTF8.GetString(rows.GetFieldValue<byte[]>(10)), rows.GetInt32(11)));
        return refused;

        string? Text(int column) => rows.IsDBNull(column) ? null : rows.GetString(column);
    }
}
