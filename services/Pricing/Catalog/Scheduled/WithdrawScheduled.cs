namespace Billing.Pricing.Catalog.Scheduled;

/// <summary>
/// What was decided and has not taken effect never does: from its moment on, what held before goes on. Both
/// decisions stay in the history. Others of the platform see facts of the kinds that they know.
/// </summary>
public static class WithdrawScheduled
{
    public sealed record Command(Guid Id, Author Author);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var refusals = command.Author.Check().ToList();
        if (refusals.Count > 0) return CatalogDecision.Refuse(refusals);

        var change = ScheduledChanges.Of(state).FirstOrDefault(change => change.Id == command.Id);
        if (change is null)
            return CatalogDecision.Refuse(new Refusal(
                "unknown-change", "id", "There is no such change; perhaps it was withdrawn already."));

        return change.From <= now
            ? CatalogDecision.Refuse(new Refusal(
                "in-force", "id", $"It has been in force since {change.From:u}: make another change."))
            : change.Undo(command.Author.At(now));
    }

    /// <summary>Changes go forward, so they are withdrawn backward.</summary>
    internal static CatalogDecision LaterFirst() => CatalogDecision.Refuse(new Refusal(
        "later-changes", "id", "Later changes of the same thing were decided: withdraw those first."));
}
