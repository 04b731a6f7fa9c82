using Billing.Ledger.Charges;
using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>All that is not charges: sums, and the few rows of events that are not about a charge.</summary>
internal sealed class LoadSums(IReadOnlyList<IReadModel> models) : LoadShadows(models)
{
    private readonly bool _hasPostings = models.Any(model => model is BalancesModel or TrialBalanceModel);
    private readonly Dictionary<UsageDayKey, UsageDay> _days = [];
    private PostingSums _sums = new();

    protected override async Task Add(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        if (_hasPostings) _sums.Add(page.Events);
        foreach (var model in Models)
            if (model is UsageDaysModel)
                UsageDaysModel.AddTo(_days, page.Events);
            else if (model is not (BalancesModel or TrialBalanceModel))
                await model.AddTo(batch, page, cancellation);
        if (_sums.Balances.Count + _days.Count > MostSums) WriteSums(batch);
    }

    protected override void WriteSums(NpgsqlBatch batch)
    {
        if (Models.Any(model => model is BalancesModel)) BalancesModel.Write(batch, _sums);
        if (Models.Any(model => model is TrialBalanceModel)) TrialBalanceModel.Write(batch, _sums);
        UsageDaysModel.Write(batch, [.. _days.Values]);
        _days.Clear();
        _sums = new();
    }
}
