using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// Charges as they are posted, by COPY, which PostgreSQL refuses where row-level security applies: shadows
/// have none until they are full.
/// </summary>
internal sealed class CopyCharges
{
    private const short Columns = 19;

    private const string Copy =
        """
        copy charges (position, charge_id, tenant_id, currency, subscription, period_start, period_end,
            serves_start, serves_end, kind, meter, amount, units, effective_at, recorded_at, left_amount,
            left_units, is_taken_back, changed_position)
        from stdin (format binary)
        """;

    private readonly CopyRows _rows = new();

    public async Task Write(
        IReadOnlyList<PostedCharge> charges, NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (charges.Count == 0) return;

        _rows.Begin();
        foreach (var charge in charges) Add(charge);
        _rows.End();
        await using var into = await connection.BeginRawBinaryCopyAsync(Copy, cancellation);
        await into.WriteAsync(_rows.Written, cancellation);
    }

    private void Add(PostedCharge charge)
    {
        var posting = charge.Posting;
        var (booked, served) = (posting.Booking.Period, posting.Served());
        _rows.Row(Columns);
        _rows.Write(charge.Position);
        _rows.Write(charge.Id.Value);
        _rows.Write(posting.Tenant.ToString());
        _rows.Write(posting.Amount.Currency.Code);
        _rows.Write(Names.Of(posting.Booking.Subscription));
        _rows.Write(booked.Start);
        _rows.Write(booked.EndExclusive);
        _rows.Write(served.Start);
        _rows.Write(served.EndExclusive);
        _rows.Write(Words.Of(posting.Kind));
        _rows.Write(Names.Of(posting.Meter));
        _rows.Write(posting.Amount);
        _rows.Write(posting.Quantity);
        _rows.Write(posting.Origin.EffectiveAt);
        _rows.Write(posting.Origin.RecordedAt);
        _rows.Write(posting.Amount);
        _rows.Write(posting.Quantity);
        _rows.Write(false);
        _rows.Write(charge.Position);
    }
}
