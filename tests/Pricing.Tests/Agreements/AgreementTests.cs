using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Agreements;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Scheduled;
using Billing.Pricing.Rating;
using Billing.Pricing.Subscriptions;
using FsCheck;
using FsCheck.Fluent;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Agreements;

/// <summary>What one tenant has included and pays instead of what its plan says.</summary>
public sealed class AgreementTests
{
    private static readonly Currency Usd = Currency.Of("USD");
    private static readonly DateTimeOffset May = At("2026-05-01T00:00:00Z"), June = At("2026-06-01T00:00:00Z");

    private static CatalogState Base => CatalogOf(
        MeterSet(), PlanVersion(100, "31 USD"), Subscribed(), Rule(PerUnit("1 USD")));

    [Test]
    public void an_agreement_is_a_version_of_its_own_and_what_is_so_already_is_no_change()
    {
        var first = Allow(Base, 500).ShouldHaveSingleItem();
        first.ShouldBe(new TenantAllowanceSetV1(Tenant, Meter, 1, Now, Ada.At(Now), Units(500)));

        var state = Base.Evolve(first);
        Allow(state, 500, At("2026-03-20T00:00:00Z")).ShouldBeEmpty();
        Allow(state, 700, May).ShouldHaveSingleItem().Version.ShouldBe(2);
        Allow(state, null, May).ShouldHaveSingleItem().Quantity.ShouldBeNull();
        Allow(Base, null).ShouldBeEmpty();
        // Another scope has versions of its own.
        Accept<TenantAllowanceSetV1>(SetAllowance.Decide(
            new(Tenant, Meter, Units(9), Now, Ada, Plan), state, Now)).ShouldHaveSingleItem().Version.ShouldBe(1);
    }

    [Test]
    public void one_for_a_time_is_followed_by_what_held_before()
    {
        var alone = Base.Evolve(Allow(Base, 500, May, June));
        (Included(alone, Now), Included(alone, May), Included(alone, June)).ShouldBe((100, 500, 100));

        var standing = Base.Evolve(Allow(Base, 300));
        var sale = standing.Evolve(Allow(standing, 500, May, June));
        (Included(sale, Now), Included(sale, May), Included(sale, June)).ShouldBe((300, 500, 300));
        Allow(sale, 500, May, June).ShouldBeEmpty();
        // What is agreed for ever is agreed for a time from then on.
        var ended = standing.Evolve(Allow(standing, 300, May, June));
        (Included(ended, May), Included(ended, June)).ShouldBe((300, 100));
    }

    [Test]
    public void everything_that_is_wrong_is_named_at_once()
    {
        Refusals(SetAllowance.Decide(
            new(TenantId.Of("nobody"), MeterId.Of("nothing"), Units(-1), Now, new("", ""), PlanId.Of("none"), Now),
            Base, Now)).ShouldBe(
            [
                "actor-missing", "reason-missing", "unknown-tenant", "unknown-meter", "unknown-plan",
                "allowance-below-zero", "ends-before-it-begins",
            ]);
        Refusals(SetAllowance.Decide(new(Tenant, Meter, Units(5), March.Start, Ada), Base, Now)).ShouldBe(["in-the-past"]);
        Allow(Base, 5, March.Start, isBackdated: true).ShouldHaveSingleItem();

        var later = Base.Evolve(Allow(Base, 500, June));
        var overlap = SetAllowance.Decide(new(Tenant, Meter, Units(5), May, Ada), later, Now)
            .ShouldBeOfType<CatalogDecision.Refused>().Refusals.ShouldHaveSingleItem();
        overlap.Type.ShouldBe("overlap");
        overlap.Message.ShouldBe(
            "From 2026-06-01 00:00:00Z on 500 was agreed already. This one begins then or later, or that one is "
            + "withdrawn first.");
        Allow(later, 600, June).ShouldHaveSingleItem();
    }

    [TestCase("5 EUR", null, "currency-mismatch")]
    [TestCase("5 EUR", "starter", "currency-mismatch plan-not-sold-in-currency")]
    [TestCase("-1 USD", null, "fee-below-zero")]
    [TestCase("5 USD", "none", "unknown-plan")]
    public void a_fee_that_nobody_would_be_charged_is_refused(string fee, string? plan, string refusals) =>
        string.Join(' ', Refusals(SetFee.Decide(
            new(Tenant, Money(fee).Currency, Money(fee), Now, Ada, plan is null ? null : PlanId.Of(plan)), Base, Now)))
            .ShouldBe(refusals);

    [Test]
    public void a_fee_names_the_currency_that_the_tenant_pays_in() =>
        SetFee.Decide(new(Tenant, Currency.Of("EUR"), Money("5 EUR"), Now, Ada), Base, Now)
            .ShouldBeOfType<CatalogDecision.Refused>().Refusals[0].Message.ShouldBe("t1 pays in USD, never in EUR.");

    [Test]
    public void what_is_for_the_plan_goes_before_what_is_for_any_and_that_before_the_plan_itself()
    {
        var any = Base.Evolve(Allow(Base, 300));
        var both = any.Evolve(new TenantAllowanceSetV1(Tenant, Meter, 1, Now, Decision, Units(700), Plan));
        var lifted = both.Evolve(new TenantAllowanceSetV1(Tenant, Meter, 2, May, Decision, Plan: Plan));

        (Included(any, Now), Included(both, Now), Included(lifted, May)).ShouldBe((300, 700, 300));
        AgreedAllowances.InForce(Tenant, Meter, null, both, Now).Quantity.ShouldBe(Units(300));
        AgreedAllowances.InForce(TenantId.Of("t2"), Meter, Plan, both, Now).Quantity.ShouldBe(Units(100));
    }

    [Test]
    public void an_allowance_of_mid_period_counts_from_its_moment_on_and_stands_in_the_trace()
    {
        var state = Base.Evolve(new TenantAllowanceSetV1(Tenant, Meter, 3, Now, Decision, Units(150)));
        var (terms, total) = (TermsFor(state), new PeriodTotal());
        var before = RateUse.Decide(Used("1", 120), terms, Tally.Empty(terms), total);
        var after = RateUse.Decide(Used("2", 60, "2026-03-20T00:00:00Z"), terms, before.Tally, total);

        (before.Amount, after.Amount).ShouldBe((Money("20 USD"), Money("10 USD")));
        total.Sheet.Steps().Select(step => (step.What, step.Units)).Where(step => step.What.StartsWith("included"))
            .ShouldBe([("included", Units(100)), ("included by agreement, version 3", Units(50))]);

        // By itself, what it changes about what was used already.
        var plain = TermsFor(Base);
        Use[] uses = [Used("1", 120), Used("2", 60, "2026-03-20T00:00:00Z")];
        var taken = uses.Aggregate(Tally.Empty(plain), (tally, use) => RateUse.Decide(use, plain, tally, total).Tally);
        RateTerms.Decide(terms, taken, uses, total).Amount.ShouldBe(Money("-50 USD"));
    }

    [Test]
    public void an_agreement_that_says_what_the_plan_says_changes_nothing()
    {
        var same = Base.Evolve(new TenantAllowanceSetV1(Tenant, Meter, 1, Now, Decision, Units(100)));

        TermsFor(same).Id.ShouldBe(TermsFor(Base).Id);
    }

    [Test]
    public void usage_without_a_subscription_has_what_was_agreed_for_any_plan()
    {
        var tenant = new TenantSetV1(TenantId.Of("t2"), "Two", "US", Decision);
        var state = Base.Evolve(tenant)
            .Evolve(new TenantAllowanceSetV1(tenant.Tenant, Meter, 1, Now, Decision, Units(10)));
        var terms = TermsOf.Tenant(tenant, state.Meters[Meter], Usd, March, state);

        terms.Segments.Select(segment => segment.Included).ShouldBe([Quantity.Zero, Units(10)]);
    }

    [Test]
    public void a_fee_of_mid_period_is_prorated_by_days_and_says_that_it_was_agreed()
    {
        var fees = RateFee.Decide(Base.Subscriptions[Sub], March, Base, Utc, null).Fees!;
        var change = At("2026-03-22T09:00:00Z");
        var state = Base.Evolve(new TenantFeeSetV1(Tenant, Usd, 2, change, Decision, Money("62 USD")));

        Prorate(state, fees, Now).ShouldBe(new RateProration.Outcome.Later(change));
        var rated = Prorate(state, fees, change).ShouldBeOfType<RateProration.Outcome.Rated>();

        rated.Fact.Amount.ShouldBe(Money("10 USD"));
        rated.Fact.Trace.Steps.Select(step => (step.What, step.Amount)).ShouldBe(
        [
            ("starter, 21 of 31 days", Money("21 USD")),
            ("starter by agreement, version 2, 10 of 31 days", Money("20 USD")),
            ("starter, 31 of 31 days", Money("-31 USD")),
        ]);
        // Corrected on the same day: the same days again, under an id of their own.
        var corrected = state.Evolve(new TenantFeeSetV1(Tenant, Usd, 3, change, Decision, Money("93 USD")));
        var again = Prorate(corrected, rated.Fees, change).ShouldBeOfType<RateProration.Outcome.Rated>();
        (again.Fact.Amount, again.Id == rated.Id).ShouldBe((Money("10 USD"), false));
        Prorate(corrected, again.Fees, March.EndExclusive).ShouldBeOfType<RateProration.Outcome.Nothing>();
        // The same fee under another version is no difference.
        Prorate(corrected.Evolve(new TenantFeeSetV1(Tenant, Usd, 4, change, Decision, Money("93 USD"))), again.Fees,
            March.EndExclusive).ShouldBeOfType<RateProration.Outcome.Nothing>();
    }

    [Test]
    public void what_is_to_come_is_listed_and_withdrawn_the_last_one_first()
    {
        var state = Base.Evolve(Allow(Base, 300)).Evolve(new TenantFeeSetV1(Tenant, Usd, 1, May, Decision, Money("9 USD")));
        state = state.Evolve(Allow(state, 500, May, June));
        ListScheduled.Of(state, Now).Select(item => item.What).ShouldBe(
            ["allowance of a tenant", "base fee of a tenant", "allowance of a tenant"]);
        var first = ListScheduled.Of(state, Now).First(item => item.What == "allowance of a tenant");
        Refusals(WithdrawScheduled.Decide(new(first.Id, Ada), state, Now)).ShouldBe(["later-changes"]);

        while (ListScheduled.Of(state, Now) is [.., var last])
            state = state.Evolve(WithdrawScheduled.Decide(new(last.Id, Ada), state, Now)
                .ShouldBeOfType<CatalogDecision.Accepted>().Facts);

        (Included(state, Now), Included(state, May), Included(state, June)).ShouldBe((300, 300, 300));
        AgreedFees.InForce(Tenant, Plan, Usd, state, June).ShouldBeNull();
        state.Allowances.Single().Value.Select(set => set.Version).ShouldBe([1, 2, 3, 4, 5]);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void a_file_says_what_was_agreed_in_whatever_form(bool isCsv) =>
        Prop.ForAll(Decided.ToArbitrary(), commands =>
        {
            var state = Base;
            foreach (var (from, length, units) in commands)
                if (SetAllowance.Decide(
                    new(Tenant, Meter, units < 50 ? null : Units(units), Now.AddDays(from), Ada, units % 2 == 0 ? Plan : null,
                        length > 0 ? Now.AddDays(from + length) : null), state, Now) is CatalogDecision.Accepted allowed)
                    state = state.Evolve(allowed.Facts);
            state = state.Evolve(SetFee.Decide(new(Tenant, Usd, Money("5.5 USD"), May, Ada, Until: June), state, Now)
                .ShouldBeOfType<CatalogDecision.Accepted>().Facts);

            var file = ExportCatalog.From(state);
            var read = isCsv ? CatalogCsv.Read(CatalogCsv.Write(file)) : CatalogJson.Read(CatalogJson.Write(file));
            read.Errors.ShouldBeEmpty();

            var later = Now.AddDays(1);
            Import(read.File, state, later).ShouldBeEmpty();
            var copy = Base.Evolve(Import(read.File, Base, later));
            foreach (var day in Enumerable.Range(0, 80))
                AgreedAllowances.InForce(Tenant, Meter, Plan, copy, Now.AddDays(day)).Quantity.ShouldBe(
                    AgreedAllowances.InForce(Tenant, Meter, Plan, state, Now.AddDays(day)).Quantity);
            AgreedFees.InForce(Tenant, Plan, Usd, copy, May)!.Fee.ShouldBe(Money("5.5 USD"));
            AgreedFees.InForce(Tenant, Plan, Usd, copy, June).ShouldBeNull();
        }).QuickCheckThrowOnFailure();

    [Test]
    public void what_is_wrong_in_a_file_is_named_by_line()
    {
        var read = CatalogCsv.Read(
            """
            kind,tenant,meter,quantity,amount
            tenant-allowance,t1,nothing,5,
            tenant-allowance,t1,api_calls,,
            tenant-fee,t1,,,5 EUR
            tenant-fee,t1,api_calls,,5 USD
            """);

        read.Errors.Select(error => $"{error.Line} {error.Field}").ShouldBe(["3 quantity", "5 meter"]);
        ImportCatalog.Decide(read.File, Base, Ada, Now).Errors.Select(error => $"{error.Line} {error.Field}")
            .ShouldBe(["2 meter", "4 fee"]);
    }

    private static Gen<(int From, int Length, int Units)[]> Decided { get; } =
        (from start in Gen.Choose(0, 40)
         from length in Gen.Choose(-20, 20)
         from units in Gen.Choose(0, 300)
         select (start, length, units)).ArrayOf();

    private static IReadOnlyList<object> Import(CatalogFile file, CatalogState state, DateTimeOffset now)
    {
        var outcome = ImportCatalog.Decide(file, state, Ada, now);
        outcome.Errors.ShouldBeEmpty();
        return outcome.Facts;
    }

    private static IReadOnlyList<TenantAllowanceSetV1> Allow(
        CatalogState state, decimal? units, DateTimeOffset? from = null, DateTimeOffset? until = null,
        bool isBackdated = false) => Accept<TenantAllowanceSetV1>(SetAllowance.Decide(
            new(
                Tenant, Meter, units is { } some ? Units(some) : null, from ?? Now, Ada, Until: until,
                IsBackdated: isBackdated), state, Now));

    private static IReadOnlyList<T> Accept<T>(CatalogDecision decision) =>
        [.. decision.ShouldBeOfType<CatalogDecision.Accepted>().Facts.Cast<T>()];

    private static decimal Included(CatalogState state, DateTimeOffset at) =>
        AgreedAllowances.InForce(Tenant, Meter, Plan, state, at).Quantity.ToDecimal();

    private static RateProration.Outcome Prorate(CatalogState catalog, FeesRated fees, DateTimeOffset now) =>
        RateProration.Decide(catalog.Subscriptions[Sub], March, catalog, Utc, fees, now);

    private static TimeSpan Utc(DateTimeOffset moment) => TimeSpan.Zero;

    private static IEnumerable<string> Refusals(CatalogDecision decision) =>
        decision.ShouldBeOfType<CatalogDecision.Refused>().Refusals.Select(refusal => refusal.Type);
}
