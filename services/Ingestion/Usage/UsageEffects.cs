using Billing.Ingestion.Catalog;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ingestion.Usage;

/// <summary>
/// What a transaction leaves behind, collected while deciding; it goes with the facts and the commit.
/// </summary>
public sealed class UsageEffects(CatalogSnapshot catalog, DateTimeOffset now)
{
    private const string Keys =
        """
        update usage_keys as k
        set digest = g.d, state = g.st, revision = g.r, tenant_id = g.t, received_at = g.at
        from unnest($1, $2, $3, $4, $5, $6, $7) as g (s, i, d, st, r, t, at)
        where k.source_id = g.s and k.id = g.i
        """;

    private const string Changes =
        """
        insert into usage_changes (source_id, original_id, id, is_cancel, received_at)
        select s, o, i, c, $5 from unnest($1, $2, $3, $4) as g (s, o, i, c)
        on conflict do nothing
        """;

    // The version is held, so news either is seen here or finds these rows. Judged by 0: again at once.
    private const string Wait =
        """
        with now as materialized (select version from catalog_state for share)
        insert into waiting_facts (kind, tenant_id, missing_key, judged_by, body, since)
        select g.k, g.t, g.m, case when g.j is null or now.version = $7 then g.j else 0 end, g.b, $6
        from now, unnest($1, $2, $3, $4, $5) as g (k, t, m, j, b)
        """;

    private const string Settle = "delete from waiting_facts where id = any ($1)";

    private readonly List<Candidate> _originals = [];
    private readonly List<Candidate> _changes = [];
    private readonly List<(string Kind, string Tenant, string? MissingKey, long? JudgedBy, byte[] Body)>
        _waiting = [];

    private readonly List<long> _settled = [];

    public UsageRefusals Refusals { get; } = new(now);

    public UsageCounts Counts { get; } = new();

    public SequenceRanges Sequences { get; } = new();

    public void Keep(Candidate taken)
    {
        _originals.Add(taken);
        if (taken.Usage.Change is not null) _changes.Add(taken);
    }

    /// <summary>Until there is news.</summary>
    public void WaitForCatalog(WaitingUsage usage) => _waiting.Add(
        (WaitingUsage.UnmatchedKind, usage.Tenant.ToString(), null, catalog.Number, usage.Write()));

    public void WaitForOriginal(WaitingUsage change) => _waiting.Add((
        WaitingUsage.ChangeKind, change.Tenant.ToString(),
        WaitingUsage.MissingKey(new(change.SourceId, change.OriginalId!)), null, change.Write()));

    /// <summary>It waits no longer.</summary>
    public void Settled(long waitingId) => _settled.Add(waitingId);

    /// <summary>Done with the commit.</summary>
    /// <param name="areUnseen">The keys are not in the table yet, see there.</param>
    public void Write(UsageKeys keys, bool areUnseen, BatchTransaction into)
    {
        var isAllNew = areUnseen && _originals.Count > 0;
        if (isAllNew) KeepUsage.New(_originals, keys, Counts, now, into);
        AddKeys(into, [.. keys.Rows.Where(row => row.IsChanged)]);
        if (!isAllNew) KeepUsage.Originals(_originals, now, into);
        AddChanges(into);
        AddWaiting(into);
        Refusals.AddTo(into);
        if (!isAllNew) Counts.AddReceivedTo(into);
        Counts.AddMovedTo(into);
        Sequences.AddTo(into);
    }

    private static void AddKeys(BatchTransaction into, List<KeyRow> rows)
    {
        if (rows.Count == 0) return;

        into.Write(Columns.Command(
            Keys,
            Columns.Of(rows, row => row.Key.SourceId),
            Columns.Of(rows, row => row.Key.Id),
            Columns.Of(rows, row => row.Digest),
            Columns.Of(rows, row => (short)row.State),
            Columns.Of(rows, row => row.Revision),
            Columns.Of(rows, row => row.Tenant),
            Columns.Of(rows, row => row.ReceivedAt)));
    }

    private void AddChanges(BatchTransaction into)
    {
        if (_changes.Count == 0) return;

        into.Write(Columns.Command(
            Changes,
            Columns.Of(_changes, one => one.Key.SourceId),
            Columns.Of(_changes, one => one.Usage.Change!.OriginalId),
            Columns.Of(_changes, one => one.Key.Id),
            Columns.Of(_changes, one => one.Usage.Change!.IsCancel),
            Columns.One(now)));
    }

    private void AddWaiting(BatchTransaction into)
    {
        if (_waiting.Count > 0)
            into.Write(Columns.Command(
                Wait,
                Columns.Of(_waiting, one => one.Kind),
                Columns.Of(_waiting, one => one.Tenant),
                Columns.Of(_waiting, one => one.MissingKey),
                Columns.Of(_waiting, one => one.JudgedBy),
                Columns.Of(_waiting, one => one.Body),
                Columns.One(now),
                new() { Value = catalog.Version }));
        if (_settled.Count > 0)
            into.Write(Columns.Command(Settle, Columns.Of(_settled, id => id)));
    }
}
