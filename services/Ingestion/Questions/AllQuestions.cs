namespace Billing.Ingestion.Questions;

/// <summary>All questions about events.</summary>
public static class AllQuestions
{
    public static void Map(WebApplication app)
    {
        GetEvent.Map(app);
        ListRejected.Map(app);
        GetDelivery.Map(app);
    }
}
