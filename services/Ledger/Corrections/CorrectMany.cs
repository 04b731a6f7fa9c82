using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;

namespace Billing.Ledger.Corrections;

/// <summary>
/// The same correction of many charges, as one batch with one reason. What it would do can be looked at
/// first: a preview is this decision, not recorded.
/// </summary>
public static class CorrectMany
{
    /// <summary>What is done to each charge.</summary>
    public abstract record Doing
    {
        private Doing()
        {
        }

        public sealed record Void : Doing;

        public sealed record Credit(Amount Amount) : Doing;

        public sealed record Adjust(AdjustCharge.Target Target) : Doing;
    }

    /// <param name="Charges">Of one tenant; one that comes twice counts once.</param>
    /// <param name="IdempotencyKey">Of the batch; with the charge it makes the id of each correction.</param>
    public sealed record Command(
        TenantId Tenant,
        IReadOnlyList<ChargeId> Charges,
        Doing Doing,
        string IdempotencyKey,
        string Actor,
        string Reason);

    /// <summary>What becomes of one charge.</summary>
    public sealed record Outcome(ChargeId Charge, Decision Decision);

    /// <param name="Changes">What all of it moves, one amount a currency.</param>
    public sealed record Plan(IReadOnlyList<Outcome> Outcomes, IReadOnlyList<Amount> Changes)
    {
        /// <summary>What is to be recorded, in one transaction.</summary>
        public IEnumerable<Append> Appends =>
            Outcomes.SelectMany(outcome => (outcome.Decision as Decision.Accepted)?.Appends ?? []);
    }

    /// <param name="find">Each charge as it stands before the batch.</param>
    public static Plan Decide(Command command, Func<ChargeId, Correctable?> find, DateTimeOffset now)
    {
        // Charges that share a line of an invoice share what is left of it.
        var invoices = new Dictionary<InvoiceId, InvoiceState>();
        var outcomes = new List<Outcome>();
        foreach (var charge in command.Charges.Distinct())
        {
            var found = find(charge);
            if (found?.Invoice is { } invoice && invoices.TryGetValue(invoice.Issued.Invoice, out var latest))
                found = found with { Invoice = latest };

            var decision = DecideOne(command, charge, found, now);
            outcomes.Add(new(charge, decision));
            if (found?.Invoice is { } before)
                invoices[before.Issued.Invoice] = After(before, decision);
        }

        return new(outcomes, [.. Changes(outcomes)]);
    }

    private static Decision DecideOne(
        Command command, ChargeId charge, Correctable? found, DateTimeOffset now)
    {
        var id = new CorrectionId(EventIds.Of(command.Tenant, command.IdempotencyKey, charge));
        var request = new Request(command.Actor, Cause.Of(command.IdempotencyKey), command.Reason);
        return command.Doing switch
        {
            Doing.Void => VoidCharge.Decide(new(command.Tenant, charge, id, request), found, now),
            Doing.Credit credit =>
                CreditCharge.Decide(new(command.Tenant, charge, id, credit.Amount, request), found, now),
            Doing.Adjust adjust =>
                AdjustCharge.Decide(new(command.Tenant, charge, id, adjust.Target, request), found, now),
            _ => throw new NotSupportedException($"{command.Doing.GetType().Name} is no correction yet."),
        };
    }

    private static InvoiceState After(InvoiceState invoice, Decision decision) =>
        ((decision as Decision.Accepted)?.Appends ?? [])
            .Where(append => append.Event is LineCorrected)
            .Aggregate(invoice, (state, append) => state.Evolve(append.Recorded));

    private static IEnumerable<Amount> Changes(IEnumerable<Outcome> outcomes) => outcomes
        .SelectMany(outcome => (outcome.Decision as Decision.Accepted)?.Appends ?? [])
        .Select(append => append.Event).OfType<ChargeMoved>()
        .GroupBy(moved => moved.Amount.Currency)
        .Select(group => Amount.Sum(group.Select(moved => moved.Amount), group.Key));
}
