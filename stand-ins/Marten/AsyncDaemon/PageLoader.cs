using JasperFx.Events;
using JasperFx.Events.Daemon;
using Marten.Exceptions;

namespace Marten.AsyncDaemon;

/// <summary>Everything that is wanted above the floor, up to and with the ceiling.</summary>
/// <param name="More">The page is full: the next one begins at its ceiling.</param>
internal sealed record Page(
    long Floor, long Ceiling, List<IEvent> Events, bool More, List<(long Sequence, Exception Why)> Skipped);

internal sealed class PageLoader(StoreParts parts, IReadOnlyList<Type> included, int size)
{
    // What the real package leaves where an append failed, so that its numbers are not missing.
    private const string Placeholder = "tombstone";

    /// <param name="mark">Never above the high-water mark: so what is missing here will never come.</param>
    public async Task<Page> Load(long floor, long mark, ErrorHandlingOptions errors, CancellationToken token)
    {
        if (Recent(floor, mark) is { } recent) return recent;

        var sql = $"select {parts.Reader.Columns} from {parts.Names.Events}"
            + $" where seq_id > $1 and seq_id <= $2 and is_archived is not true and type <> '{Placeholder}'"
            + (included.Count > 0 ? " and type = any($4)" : "") + " order by seq_id limit $3";
        await using var command = parts.Options.DataSource!.CreateCommand(sql);
        command.Parameters.Add(new() { Value = floor });
        command.Parameters.Add(new() { Value = mark });
        command.Parameters.Add(new() { Value = size });
        if (included.Count > 0)
            command.Parameters.Add(new() { Value = parts.Options.EventOptions.Types.NamesOf(included) });

        var page = new Page(floor, mark, new(size), false, []);
        var (rows, last) = (0, mark);
        await using var reader = await command.ExecuteReaderAsync(token);
        for (; await reader.ReadAsync(token); rows++)
        {
            last = reader.GetInt64(0);
            try
            {
                page.Events.Add(parts.Reader.Read(reader));
            }
            catch (UnknownEventTypeException) when (errors.SkipUnknownEvents)
            {
                // Another version of the program may know it; nothing is wrong with the event.
            }
            catch (EventDeserializationFailureException failure) when (errors.SkipSerializationErrors)
            {
                page.Skipped.Add((last, failure));
            }
        }

        return rows < size ? page : page with { Ceiling = last, More = last < mark };
    }

    /// <summary>Null unless this process has just committed all of it.</summary>
    private Page? Recent(long floor, long mark)
    {
        if (included.Count > 0) return null;

        var ceiling = Math.Min(mark, floor + size);
        return parts.Recent.Between(floor, ceiling) is { } events
            ? new(floor, ceiling, events, ceiling < mark, []) : null;
    }
}
