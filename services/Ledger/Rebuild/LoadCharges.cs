using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// Charges, in the order of their positions, so that their key is written as fast as their rows.
/// </summary>
internal sealed class LoadCharges(ChargesModel model) : LoadShadows([model])
{
    private readonly CopyCharges _copy = new();
    private readonly Dictionary<(PeriodKey, MeterId?), ChargeTotals> _totals = [];

    protected override async Task Add(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        var taken = await ChargesModel.Take(page, batch.Connection!, cancellation);
        await _copy.Write(taken.Posted, batch.Connection!, cancellation);
        ChargeWrites.Change(batch, taken.Moved);
        ChargeWrites.Keep(batch, taken.Changes);
        ChargeTotals.AddTo(_totals, taken.Posted, taken.Moved);
        if (_totals.Count > MostSums) WriteSums(batch);
    }

    protected override void WriteSums(NpgsqlBatch batch)
    {
        ChargeWrites.Total(batch, [.. _totals.Values]);
        _totals.Clear();
    }
}
