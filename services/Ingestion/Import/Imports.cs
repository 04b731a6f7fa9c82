using System.Globalization;
using System.Text.Json;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Import;

/// <summary>The table imports.</summary>
public sealed class Imports(ServiceDatabase database, TimeProvider time)
{
    private const string Columns =
        "id, is_dry_run, asked_by, started_at, touched_at, ended_at, failure, lines, accepted, unmatched, "
        + "waiting, duplicate, conflict, rejected, unreadable, errors::text";

    /// <summary>False when the id is taken.</summary>
    public async Task<bool> Begin(ImportRequest request, CancellationToken cancellation)
    {
        await using var insert = database.Writer.CreateCommand(
            """
            insert into imports (id, asked_by, api_key, is_dry_run, started_at, touched_at)
            values ($1, $2, $3, $4, $5, $5) on conflict do nothing
            """);
        insert.Parameters.Add(new() { Value = request.Id });
        insert.Parameters.Add(new() { Value = request.AskedBy });
        insert.Parameters.Add(new()
        {
            Value = (object?)request.ApiKey ?? DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.Text,
        });
        insert.Parameters.Add(new() { Value = request.IsDryRun });
        insert.Parameters.Add(new() { Value = time.GetUtcNow() });
        return await insert.ExecuteNonQueryAsync(cancellation) == 1;
    }

    /// <summary>In the transaction of what was taken.</summary>
    /// <param name="before">Lines that were noted before.</param>
    /// <returns>
    /// False when they are noted already: the commit had succeeded, and only its answer was lost.
    /// </returns>
    public async Task<bool> Note(
        Guid id, long before, ImportStep step, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var update = new NpgsqlCommand(
            """
            update imports set touched_at = $2, lines = lines + $3, accepted = accepted + $4,
                unmatched = unmatched + $5, waiting = waiting + $6, duplicate = duplicate + $7,
                conflict = conflict + $8, rejected = rejected + $9, unreadable = unreadable + $10,
                errors = jsonb_path_query_array(errors || $11, '$[0 to 99]')
            where id = $1 and lines = $12
            """, connection);
        foreach (var value in (object[])
        [
            id, time.GetUtcNow(), step.Lines, step.Accepted, step.Unmatched, step.Waiting, step.Duplicate,
            step.Conflict, step.Rejected, step.Unreadable,
        ])
            update.Parameters.Add(new() { Value = value });
        update.Parameters.Add(new()
        {
            Value = JsonSerializer.Serialize(
                step.Errors.Take(ImportReport.MostErrors), JsonSerializerOptions.Web),
            NpgsqlDbType = NpgsqlDbType.Jsonb,
        });
        update.Parameters.Add(new() { Value = before });
        return await update.ExecuteNonQueryAsync(cancellation) == 1;
    }

    /// <summary>Of a dry run, whose transactions are undone.</summary>
    public async Task Note(Guid id, long before, ImportStep step, CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await Note(id, before, step, connection, cancellation);
    }

    public async Task<ImportReport> End(Guid id, string? failure, CancellationToken cancellation)
    {
        await using var update = database.Writer.CreateCommand(
            $"update imports set ended_at = $2, failure = $3 where id = $1 returning {Columns}");
        update.Parameters.Add(new() { Value = id });
        update.Parameters.Add(new() { Value = time.GetUtcNow() });
        update.Parameters.Add(new()
        {
            Value = (object?)failure ?? DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.Text,
        });
        return (await Read(update, cancellation)).Single();
    }

    /// <param name="askedBy">Null for everybody's.</param>
    public async Task<ImportReport?> Find(Guid id, string? askedBy, CancellationToken cancellation)
    {
        await using var select = database.Staff.CreateCommand(
            $"select {Columns} from imports where id = $1 and ($2::text is null or asked_by = $2)");
        select.Parameters.Add(new() { Value = id });
        select.Parameters.Add(new() { Value = (object?)askedBy ?? DBNull.Value });
        return (await Read(select, cancellation)).SingleOrDefault();
    }

    public async Task<Page<ImportReport>> List(
        PageRequest page, string? askedBy, CancellationToken cancellation)
    {
        await using var select = database.Staff.CreateCommand(
            $"""
            select {Columns} from imports
            where ($1::text is null or asked_by = $1)
              and ($2::timestamptz is null or (started_at, id) < ($2, $3))
            order by started_at desc, id desc limit $4
            """);
        var after = page.After(2);
        select.Parameters.Add(new() { Value = (object?)askedBy ?? DBNull.Value });
        select.Parameters.Add(new()
        {
            Value = after is null
                ? DBNull.Value
                : DateTimeOffset.Parse(after[0], CultureInfo.InvariantCulture),
        });
        select.Parameters.Add(new() { Value = after is null ? Guid.Empty : Guid.Parse(after[1]) });
        select.Parameters.Add(new() { Value = page.Fetch });
        return page.Of(
            await Read(select, cancellation), import =>
                [import.StartedAt.ToString("O", CultureInfo.InvariantCulture), import.Id.ToString()]);
    }

    private async Task<List<ImportReport>> Read(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var reports = new List<ImportReport>();
        while (await rows.ReadAsync(cancellation))
        {
            var (touchedAt, endedAt, failure) = (
                rows.GetFieldValue<DateTimeOffset>(4), rows.GetFieldValue<DateTimeOffset?>(5),
                rows.IsDBNull(6) ? null : rows.GetString(6));
            var state = ImportReport.StateOf(endedAt, failure, touchedAt, time.GetUtcNow());
            reports.Add(new(
                rows.GetGuid(0), state, rows.GetBoolean(1), rows.GetString(2),
                rows.GetFieldValue<DateTimeOffset>(3), touchedAt, endedAt, failure, rows.GetInt64(7),
                rows.GetInt64(8), rows.GetInt64(9), rows.GetInt64(10), rows.GetInt64(11), rows.GetInt64(12),
                rows.GetInt64(13), rows.GetInt64(14),
                JsonSerializer.Deserialize<ImportError[]>(rows.GetString(15), JsonSerializerOptions.Web)!));
        }

        return reports;
    }
}
