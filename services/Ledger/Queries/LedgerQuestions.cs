namespace Billing.Ledger.Queries;

/// <summary>All questions about the ledger.</summary>
public static class LedgerQuestions
{
    public static void Map(WebApplication app)
    {
        SummarizeCharges.Map(app);
        ListCharges.Map(app);
        GetCharge.Map(app);
        ExplainCharge.Map(app);
        ShowTrends.Map(app);
        OverageHealth.Map(app);
        LedgerAccounts.Map(app);
        ListBalances.Map(app);
        ListCredit.Map(app);
        ListJournal.Map(app);
        GetTrialBalance.Map(app);
        GetStatement.Map(app);
    }
}
