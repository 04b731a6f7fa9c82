using Billing.Ledger.Accounts;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>Postings of events that are not about a charge; the view journal adds the others.</summary>
public sealed class JournalModel : IReadModel
{
    private const string Insert =
        """
        insert into journal_entries (position, line, event_id, what, tenant_id, account, currency, amount,
            meter, subscription, period_start, invoice_id, effective_at, recorded_at)
        select p, l, e, w, t, a, c, m::numeric, r, s, b, i, f, k
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            as rows (p, l, e, w, t, a, c, m, r, s, b, i, f, k)
        """;

    public string Name => "journal";

    public IReadOnlyList<string> Tables { get; } = ["journal_entries"];

    public bool Knows(Type happened) => ReadModels.Known.Contains(happened);

    public Task AddTo(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        var rows = page.Entries;
        Columns.Add(
            batch, Insert,
            Columns.Of(rows, row => row.Position),
            Columns.Of(rows, row => row.Line),
            Columns.Of(rows, row => row.Event),
            Columns.Of(rows, row => row.What),
            Columns.Of(rows, row => row.Tenant.ToString()),
            Columns.Of(rows, row => Chart.Word(row.Account)),
            Columns.Of(rows, row => row.Amount.Currency.Code),
            Columns.Numbers(rows, row => row.Amount),
            Columns.Of(rows, row => Names.Of(row.Meter)),
            Columns.Of(rows, row => row.Period is null ? null : Names.Of(row.Subscription)),
            Columns.Of(rows, row => row.Period),
            Columns.Of(rows, row => row.Invoice?.Value),
            Columns.Of(rows, row => row.EffectiveAt),
            Columns.Of(rows, row => row.RecordedAt));
        return Task.CompletedTask;
    }
}
