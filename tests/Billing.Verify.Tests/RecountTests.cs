using System.Numerics;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Tests.Rating;
using Billing.Verify.Reading;
using Billing.Verify.Recounting;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.NUnit;
using PricedUse = Billing.Pricing.Rating.Use;

namespace Billing.Verify.Tests;

/// <summary>
/// Two that were written apart agree: what Pricing rates, step by step, and what is counted anew from the facts' JSON.
/// </summary>
[Properties(Arbitrary = [typeof(Stories)])]
public class RecountTests
{
    [Property(MaxTest = 300)]
    public void whatever_happens_in_a_month_both_come_to_the_same(Story story) =>
        Recounted(story).ShouldBe(Rated(story));

    [Test]
    public void a_difference_of_a_trillionth_is_seen()
    {
        var story = Stories.ForStory().Generator.Sample(500).First(one => Rated(one) > 0);
        var cheaper = story.Facts.Select(fact => fact is PriceRulePublishedV1 rule ? Dearer(rule) : fact).ToList();

        Recounted(story, cheaper).ShouldNotBe(Rated(story));
    }

    private static BigInteger Rated(Story story)
    {
        var world = new World(story.Start, story.Meter, Stories.March);
        foreach (var arrival in story.Arrivals) world.Take(arrival);

        return (BigInteger)world.Ratings.Trillionths;
    }

    private static BigInteger Recounted(Story story, IEnumerable<object>? facts = null)
    {
        var log = CatalogLog.Of([Stored(story.Meter), .. (facts ?? story.Facts).Select(Stored)]);
        var (name, states) = log.Subscriptions.Single();
        var account = new Account(
            states[0].Tenant, name, story.Meter.Meter.ToString(), states[0].Currency,
            new(Stories.March.Start, Stories.March.EndExclusive), states[0].TimeZone);

        return new Recount(log, account).Total([.. story.Left.Select(Use)], story.IsClosed);
    }

    private static object Dearer(PriceRulePublishedV1 rule) => rule with
    {
        Model = new PriceModelV1.Fixed(Amount.From(999_983, rule.Currency)),
        MaximumCap = null,
    };

    private static StoredFact Stored(object fact) => new(
        0, 1, Guid.Empty, WireNames.Of(fact.GetType()),
        JsonDocument.Parse(ContractsJson.Write(fact)).RootElement);

    private static Use Use(PricedUse use) => new(
        use.Event.Source, use.Event.Id, use.Revision, use.UsedAt, use.Scope == UsageScope.OverLimit,
        (BigInteger)use.Quantity.Billionths, use.Distinct,
        use.Dimensions?.All ?? new Dictionary<string, string>());
}
