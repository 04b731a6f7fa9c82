using Billing.Pricing.Agreements;
using Billing.Pricing.Prices;

namespace Billing.Pricing.Catalog;

/// <summary>
/// A whole file of meters, plans, prices and agreements becomes facts, or none of it does. What the catalog
/// says already is passed over, so the same file can be imported again.
/// </summary>
public static class ImportCatalog
{
    /// <param name="Facts">In the order in which they were decided; none where there are errors.</param>
    public sealed record Outcome(IReadOnlyList<object> Facts, IReadOnlyList<FileError> Errors);

    public static Outcome Decide(CatalogFile file, CatalogState state, Author author, DateTimeOffset now)
    {
        var (facts, errors) = (new List<object>(), new List<FileError>());

        foreach (var meter in file.Meters)
            Take(meter, SetMeter.Decide(Command(meter.Value, author), state, now));
        foreach (var plan in file.Plans)
            Take(plan, PublishPlan.Decide(Command(plan.Value, state, author, now), state, now));
        foreach (var price in file.Prices)
            Take(price, PublishPrice.Decide(Command(price.Value, state, author, now), state, now));
        foreach (var row in file.TenantAllowances)
            Take(row, FileAgreements.Decide(row.Value, state, author, now));
        foreach (var row in file.TenantFees)
            Take(row, SetFee.Decide(FileAgreements.Command(row.Value, state, author, now), state, now));

        return errors.Count > 0 ? new([], errors) : new(facts, []);

        void Take<T>(CatalogFile.Placed<T> placed, CatalogDecision decision)
        {
            if (decision is CatalogDecision.Accepted accepted)
            {
                facts.AddRange(accepted.Facts);
                state = state.Evolve(accepted.Facts);
            }
            else if (decision is CatalogDecision.Refused refused)
                errors.AddRange(refused.Refusals.Select(refusal => new FileError(
                    placed.Line, Join(placed.Field, refusal.Field), refusal.Message)));
        }
    }

    private static string Join(string place, string field) => place.Length == 0 ? field : $"{place}.{field}";

    private static SetMeter.Command Command(CatalogFile.Meter meter, Author author) => new(
        meter.Id, meter.EventType, meter.Unit, meter.Aggregation, author, meter.Property, meter.Filter,
        meter.Dimensions);

    // A moment that a file leaves open is the one that the catalog has, so that the same file says the same
    // again.
    private static PublishPlan.Command Command(
        CatalogFile.Plan plan, CatalogState state, Author author, DateTimeOffset now)
    {
        var known = state.Plans.GetValueOrDefault(plan.Id)?.Newest;
        var command = new PublishPlan.Command(
            plan.Id, plan.Name, plan.From ?? known?.From ?? now, plan.BaseFees ?? [], plan.Included ?? [],
            author);
        return plan.From is null && known is not null && !PublishPlan.SaysTheSame(command, known)
            ? command with { From = now }
            : command;
    }

    private static PublishPrice.Command Command(
        CatalogFile.Price price, CatalogState state, Author author, DateTimeOffset now)
    {
        var known = state.Rules.GetValueOrDefault(price.Id)?.Newest;
        var command = new PublishPrice.Command(
            price.Id, price.Meter, price.Currency, price.Model, price.From ?? known?.From ?? now, author,
            price.Plan, price.Country, price.Tenant, price.Until, price.MinimumCommitment, price.MaximumCap,
            price.Where);
        return price.From is null && known is not null && !PublishPrice.SaysTheSame(command, known)
            ? command with { From = now }
            : command;
    }
}
