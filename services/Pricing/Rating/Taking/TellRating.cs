using Billing.Contracts.Values;

namespace Billing.Pricing.Rating.Taking;

/// <summary>A rating of a use or its cancel is told by itself, or later as part of a merged one.</summary>
internal static class TellRating
{
    public static void Tell(
        this RatingWork work, int lane, TenantId tenant, FactId id, object rating, string? trace)
    {
        if (!work.Merges.Add(id, rating)) work.Send(lane, tenant, id, work.Merges.Alone(rating), trace);
    }
}
