using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>
/// Takes a page into read models, in one transaction with their positions. A model that meets an event it
/// does not know takes in what is before it and stops there; the others go on.
/// </summary>
internal static class TakePage
{
    /// <param name="models">Those that take part, each if it has come to the page.</param>
    /// <param name="connection">In a transaction, which the caller commits.</param>
    /// <returns>The rows as they are now.</returns>
    public static async Task<IReadOnlyList<ModelRow>> Into(
        IReadOnlyList<IReadModel> models, EventPage page, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        var rows = await ModelRow.Lock(models.Select(model => model.Name), connection, cancellation);
        await using var batch = new NpgsqlBatch(connection);
        var changed = new List<ModelRow>();
        foreach (var model in models)
        {
            // Behind the page: it has to catch up first. At its end: somebody was here before.
            var row = rows[model.Name];
            if (row.Position < page.Floor || row.Position >= page.Ceiling) continue;

            var (part, moved) = Cut(model, row, page);
            if (part.Events.Count > 0) await model.AddTo(batch, part, cancellation);
            changed.Add(moved);
            rows[model.Name] = moved;
        }

        if (changed.Count > 0)
        {
            ModelRow.Write(batch, changed);
            await batch.ExecuteNonQueryAsync(cancellation);
        }

        return [.. rows.Values];
    }

    /// <summary>For a model that fails on a page for another reason than an unknown event.</summary>
    public static async Task Stop(
        IReadModel model, EventPage page, string because, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        var row = (await ModelRow.Lock([model.Name], connection, cancellation))[model.Name];
        var first = page.After(row.Position).Events;
        await using var batch = new NpgsqlBatch(connection);
        ModelRow.Write(batch, [row with
        {
            StoppedBefore = first.Count > 0 ? first[0].Position : page.Ceiling,
            StoppedBecause = because,
        }]);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private static (EventPage Part, ModelRow Moved) Cut(IReadModel model, ModelRow row, EventPage page)
    {
        var part = page.After(row.Position);
        if (Unknown(model, part) is not { } stranger)
            return (part, new(model.Name, page.Ceiling, null, null));

        var before = part.Before(stranger);
        return (before, new(model.Name, before.Ceiling, stranger.Position, Because(stranger)));
    }

    public static string Because(Positioned stranger) =>
        $"Nobody has decided what {stranger.Event.GetType().Name} means here.";

    /// <summary>The first that the model does not know; null where it knows all.</summary>
    public static Positioned? Unknown(IReadModel model, EventPage page)
    {
        Type? known = null;
        foreach (var happened in page.Events)
        {
            // Most events of a page are of the same type as the one before.
            var type = happened.Event.GetType();
            if (type == known) continue;
            if (!model.Knows(type)) return happened;
            known = type;
        }

        return null;
    }
}
