using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>
/// A new plan, or a new version of one from now or a later moment on. Allowances change for all its
/// subscribers at that moment, base fees with their next period.
/// </summary>
public static class PublishPlan
{
    public sealed record Command(
        PlanId Plan,
        string Name,
        DateTimeOffset From,
        IReadOnlyList<Amount> BaseFees,
        IReadOnlyList<AllowanceV1> Included,
        Author Author);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var known = state.Plans.GetValueOrDefault(command.Plan);
        if (known is not null && SaysTheSame(command, known.Newest)) return CatalogDecision.AlreadySo;

        var refusals = Check(command, known, state, now).ToList();
        if (refusals.Count > 0) return CatalogDecision.Refuse(refusals);

        return CatalogDecision.Record(new PlanPublishedV1(
            command.Plan, (known?.Newest.Version ?? 0) + 1, command.Name, command.From, command.BaseFees,
            command.Included, command.Author.At(now)));
    }

    /// <summary>Nothing changes with it.</summary>
    public static bool IsSame(PlanPublishedV1? before, PlanPublishedV1 after) =>
        before is not null && before.Name == after.Name && before.BaseFees.SequenceEqual(after.BaseFees)
        && before.Included.SequenceEqual(after.Included);

    internal static bool SaysTheSame(Command command, PlanPublishedV1 known) =>
        known.Name == command.Name && known.From == command.From
        && known.BaseFees.SequenceEqual(command.BaseFees) && known.Included.SequenceEqual(command.Included);

    private static IEnumerable<Refusal> Check(
        Command command, PlanHistory? known, CatalogState state, DateTimeOffset now) =>
    [
        .. command.Author.Check(),
        .. CheckTime(command, known, now),
        .. CheckFees(command, state),
        .. CheckIncluded(command, state),
    ];

    private static IEnumerable<Refusal> CheckTime(Command command, PlanHistory? known, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(command.Name))
            yield return new("name", "name", "A plan has a name for invoices and pages.");

        // A base fee is charged in advance, and what was charged is not charged again.
        if (known is not null && command.From < now)
            yield return new("in-the-past", "from",
                $"Plan {command.Plan} is sold already. A new version begins now or later, not at "
                + $"{command.From:u}.");
    }

    private static IEnumerable<Refusal> CheckFees(Command command, CatalogState state)
    {
        for (var index = 0; index < command.BaseFees.Count; index++)
        {
            var fee = command.BaseFees[index];
            if (fee.Trillionths < 0)
                yield return new("fee-below-zero", $"baseFees[{index}]", $"{fee} is below zero.");
            if (command.BaseFees.Take(index).Any(other => other.Currency == fee.Currency))
                yield return new(
                    "currency-twice", $"baseFees[{index}]", $"There is a fee in {fee.Currency} already.");
        }

        if (command.BaseFees.Count == 0) yield break; // costs nothing, in every currency

        var missing = state.Subscriptions.Values.Select(subscription => subscription.Newest)
            .Where(subscription => subscription.Plan == command.Plan)
            .Where(subscription => subscription.Until is not { } until || until > command.From)
            .Select(subscription => subscription.Currency).Distinct()
            .Where(currency => command.BaseFees.All(fee => fee.Currency != currency));
        foreach (var currency in missing)
            yield return new("currency-in-use", "baseFees",
                $"There are subscriptions of {command.Plan} in {currency}, so it needs a fee in {currency}.");
    }

    private static IEnumerable<Refusal> CheckIncluded(Command command, CatalogState state)
    {
        for (var index = 0; index < command.Included.Count; index++)
        {
            var (meter, quantity) = command.Included[index];
            if (!state.Meters.ContainsKey(meter))
                yield return new("unknown-meter", $"included[{index}].meter", $"There is no meter {meter}.");
            if (quantity < Quantity.Zero)
                yield return new(
                    "allowance-below-zero", $"included[{index}].quantity", $"{quantity} is below zero.");
            if (command.Included.Take(index).Any(other => other.Meter == meter))
                yield return new("meter-twice", $"included[{index}].meter", $"{meter} is included already.");
        }
    }
}
