using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>Invoices, and what of each stands on receivable.</summary>
public sealed class OpenItemsModel : IReadModel
{
    private const string Issue =
        """
        insert into open_items as held (invoice_id, position, tenant_id, number, currency, subscription,
            period_start, period_end, close_number, issued_at, due_at, total, balance, changed_position)
        select i, p, t, n, c, s, b, e, k, f, d, m, 0, p
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            as rows (i, p, t, n, c, s, b, e, k, f, d, m)
        on conflict (invoice_id) do update
        set position = excluded.position, number = excluded.number, subscription = excluded.subscription,
            period_start = excluded.period_start, period_end = excluded.period_end,
            close_number = excluded.close_number, issued_at = excluded.issued_at, due_at = excluded.due_at,
            total = excluded.total,
            changed_position = greatest(held.changed_position, excluded.changed_position)
        """;

    private const string Move =
        """
        insert into open_items as held (invoice_id, tenant_id, currency, balance, changed_position)
        select i, t, c, m::numeric, p from unnest($1, $2, $3, $4, $5) as rows (i, t, c, m, p)
        on conflict (invoice_id) do update
        set balance = held.balance + excluded.balance,
            changed_position = greatest(held.changed_position, excluded.changed_position)
        """;

    public string Name => "open-items";

    public IReadOnlyList<string> Tables { get; } = ["open_items"];

    public bool Knows(Type happened) => ReadModels.Known.Contains(happened);

    public Task AddTo(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        List<(long Position, InvoiceIssued Issued)> issued = [.. page.Events
            .Where(happened => happened.Event is InvoiceIssued)
            .Select(happened => (happened.Position, (InvoiceIssued)happened.Event))];
        Columns.Add(
            batch, Issue,
            Columns.Of(issued, row => row.Issued.Invoice.Value),
            Columns.Of(issued, row => row.Position),
            Columns.Of(issued, row => row.Issued.Tenant.ToString()),
            Columns.Of(issued, row => row.Issued.Number),
            Columns.Of(issued, row => row.Issued.Total.Currency.Code),
            Columns.Of(issued, row => Names.Of(row.Issued.Booking.Subscription)),
            Columns.Of(issued, row => row.Issued.Booking.Period.Start),
            Columns.Of(issued, row => row.Issued.Booking.Period.EndExclusive),
            Columns.Of(issued, row => row.Issued.CloseNumber),
            Columns.Of(issued, row => row.Issued.Origin.EffectiveAt),
            Columns.Of(issued, row => row.Issued.DueAt),
            Columns.Of(issued, row => row.Issued.Total.MinorUnits));

        var moves = Moves(page.Entries);
        Columns.Add(
            batch, Move,
            Columns.Of(moves, row => row.Invoice!.Value.Value),
            Columns.Of(moves, row => row.Tenant.ToString()),
            Columns.Of(moves, row => row.Amount.Currency.Code),
            Columns.Numbers(moves, row => row.Amount),
            Columns.Of(moves, row => row.Position));
        return Task.CompletedTask;
    }

    /// <summary>One row an invoice, with the sum and the last position.</summary>
    private static List<JournalRow> Moves(IReadOnlyList<JournalRow> rows)
    {
        var moves = new Dictionary<InvoiceId, JournalRow>();
        foreach (var row in rows)
            if (row is { Account: Account.AccountsReceivable, Invoice: { } invoice })
                moves[invoice] = moves.TryGetValue(invoice, out var earlier)
                    ? row with { Amount = earlier.Amount + row.Amount }
                    : row;
        return [.. moves.Values];
    }
}
