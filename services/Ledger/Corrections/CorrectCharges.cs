using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Storage;

namespace Billing.Ledger.Corrections;

/// <summary>Corrects charges: reads under their locks, decides, records.</summary>
public sealed class CorrectCharges(LedgerCommands commands, TimeProvider time)
{
    /// <summary>What became of one correction.</summary>
    /// <param name="Charge">As it is afterwards; null where the tenant has no such charge.</param>
    public sealed record Outcome(Decision Decision, ChargeState? Charge);

    /// <param name="decide">One of the decisions about a charge.</param>
    public Task<Outcome> One(
        TenantId tenant, ChargeId charge, CorrectionId id,
        Func<Correctable?, DateTimeOffset, Decision> decide, CancellationToken cancellation) =>
        commands.Run<Outcome>(
            async work =>
            {
                var reading = new ReadCorrectable(work, tenant);
                await reading.Read([charge], [id], cancellation);
                var found = reading.Find(charge);
                var decision = IsOfAnother(found, id, reading)
                    ? Decision.Refuse(Refusal.KeyReused)
                    : decide(found, time.GetUtcNow());
                var appends = (decision as Decision.Accepted)?.Appends ?? [];
                return (appends, new(decision, After(found?.Charge, appends)));
            },
            cancellation);

    /// <param name="isPreview">Decides the same and records nothing.</param>
    public Task<CorrectMany.Plan> Many(
        CorrectMany.Command command, bool isPreview, CancellationToken cancellation) =>
        commands.Run<CorrectMany.Plan>(
            async work =>
            {
                var charges = command.Charges.Distinct().ToList();
                var reading = new ReadCorrectable(work, command.Tenant);
                await reading.Read(charges, charges.Select(IdOf), cancellation);
                var plan = CorrectMany.Decide(command, reading.Find, time.GetUtcNow());
                return (isPreview ? [] : [.. plan.Appends], plan);

                CorrectionId IdOf(ChargeId charge) =>
                    new(EventIds.Of(command.Tenant, command.IdempotencyKey, charge));
            },
            cancellation);

    // The key was used before, for another charge.
    private static bool IsOfAnother(Correctable? found, CorrectionId id, ReadCorrectable reading) =>
        reading.IsRecorded(id) && found is not null && !found.Charge.Corrections.ContainsKey(id.Value);

    private static ChargeState? After(ChargeState? charge, IEnumerable<Append> appends) =>
        appends.Aggregate(charge, (state, append) => state?.Evolve(append.Recorded));
}
