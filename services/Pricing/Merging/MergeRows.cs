using System.Globalization;
using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Merging;

/// <summary>Rows of <c>merge_windows</c> and <c>merged_ratings</c>.</summary>
internal static class MergeRows
{
    /// <summary>Those of the ratings that are parts; those that were told, with their charge.</summary>
    public static async Task<List<(FactId Id, BillingPeriod Window, ChargeId? Charge)>> Windows(
        NpgsqlConnection connection, Guid[] ratings, CancellationToken cancellation)
    {
        var found = new List<(FactId, BillingPeriod, ChargeId?)>();
        if (ratings.Length == 0) return found;

        await using var command = new NpgsqlCommand(
            "select rating_id, window_start, window_end, charge_id from merged_ratings "
            + "where rating_id = any ($1)", connection)
        {
            Parameters = { new() { Value = ratings } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
            found.Add((
                new(rows.GetGuid(0)),
                new(rows.GetFieldValue<DateTimeOffset>(1), rows.GetFieldValue<DateTimeOffset>(2)),
                rows.IsDBNull(3) ? null : new ChargeId(rows.GetGuid(3))));
        return found;
    }

    /// <summary>A window that is open already stays due when it was.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Put(IReadOnlyList<MergePart> parts, DateTimeOffset now)
    {
        var windows = parts.DistinctBy(Id).OrderBy(Id).ToList();
        yield return Columns.Command(
            """
            insert into merge_windows (
                window_id, request_id, tenant_id, subscription_id, currency, lane, window_end, due_at)
            select * from unnest($1, $2, $3, $4, $5, $6, $7, $8) on conflict (window_id) do nothing
            """,
            Columns.Of(windows, Id),
            Columns.Of(windows, part => Request(Id(part), MergeRatings.DueAt(part.Window, now), part.Id)),
            Columns.Of(windows, part => Text.Spell(part.Of.Tenant)),
            Columns.Of(windows, part => part.Of.Subscription is { } known ? Text.Spell(known) : null),
            Columns.Of(windows, part => Text.Spell(part.Of.Currency)),
            Columns.Of(windows, part => Lanes.Of(part.Of.Tenant)),
            Columns.Of(windows, part => part.Window.EndExclusive),
            Columns.Of(windows, part => MergeRatings.DueAt(part.Window, now)));
        yield return Columns.Command(
            """
            insert into merged_ratings (
                rating_id, window_id, window_start, window_end, tenant_id, wire_name, body)
            select r, w, s, e, t, n, b
            from unnest($1, $2, $3, $4, $5, $6, $7) with ordinality as g (r, w, s, e, t, n, b, o) order by o
            """,
            Columns.Of(parts, part => part.Id.Value),
            Columns.Of(parts, Id),
            Columns.Of(parts, part => part.Window.Start),
            Columns.Of(parts, part => part.Window.EndExclusive),
            Columns.Of(parts, part => Text.Spell(part.Of.Tenant)),
            Columns.Of(parts, part => WireNames.Of(part.Rating.GetType())),
            Columns.Of(parts, part => ContractsJson.Write(part.Rating)));
    }

    /// <summary>Open windows that end by a moment, of one subscription or of usage without one.</summary>
    public static async Task<List<Guid>> Open(
        NpgsqlConnection connection, TenantId tenant, SubscriptionId? subscription, Currency currency,
        DateTimeOffset upTo, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select window_id from merge_windows
            where tenant_id = $1 and subscription_id is not distinct from $2 and currency = $3
              and window_end <= $4
            order by window_end, window_id
            """, connection)
        {
            Parameters =
            {
                new() { Value = Text.Spell(tenant) },
                new()
                {
                    Value = subscription is { } known ? Text.Spell(known) : DBNull.Value,
                    NpgsqlDbType = NpgsqlDbType.Text,
                },
                new() { Value = Text.Spell(currency) },
                new() { Value = upTo },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<Guid>();
        while (await rows.ReadAsync(cancellation)) found.Add(rows.GetGuid(0));
        return found;
    }

    /// <summary>Its parts that are in no charge yet, in the order taken.</summary>
    public static async Task<List<MergePart>> Read(
        NpgsqlConnection connection, Guid window, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select rating_id, window_start, window_end, wire_name, body from merged_ratings "
            + "where window_id = $1 and charge_id is null order by place", connection)
        {
            Parameters = { new() { Value = window } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var parts = new List<MergePart>();
        while (await rows.ReadAsync(cancellation))
            parts.Add(new(
                new(rows.GetGuid(0)),
                new(rows.GetFieldValue<DateTimeOffset>(1), rows.GetFieldValue<DateTimeOffset>(2)),
                ContractsJson.Read(WireNames.Find(rows.GetString(3))!, rows.GetFieldValue<byte[]>(4))));
        return parts;
    }

    private static Guid Id(MergePart part) => DerivedId.From(
        "merge-window", Text.Spell(part.Of.Tenant),
        part.Of.Subscription is { } known ? Text.Spell(known) : "", Text.Spell(part.Of.Meter),
        Text.Spell(part.Of.Currency), Number(part.Of.Period.Start), Number(part.Window.Start),
        Number(part.Window.EndExclusive));

    // A window may be open several times, each time with another first part.
    private static Guid Request(Guid window, DateTimeOffset dueAt, FactId first) =>
        DerivedId.From("merge", $"{window}", Number(dueAt), Text.Spell(first));

    private static string Number(DateTimeOffset moment) =>
        moment.UtcTicks.ToString(CultureInfo.InvariantCulture);
}
