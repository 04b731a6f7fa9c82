using System.Text;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Overage;
using Billing.Pricing.Rating;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Samples;

/// <summary>The catalogs of the source documents, and the sums that these documents name.</summary>
public class SampleCatalogTests
{
    private static IEnumerable<string> Names => ["rate-limit-overage", "llm-metering", "impressions"];

    [TestCaseSource(nameof(Names))]
    public void a_sample_loads_and_the_same_again_changes_nothing(string name)
    {
        var file = Read(name);
        var state = Loaded(name);

        var again = ImportCatalog.Decide(file, state, Ada, Now.AddDays(1));

        again.Errors.ShouldBeEmpty();
        again.Facts.ShouldBeEmpty();
    }

    [TestCaseSource(nameof(Names))]
    public void what_is_exported_imports_as_the_same_in_json_and_csv(string name)
    {
        var exported = ExportCatalog.From(Loaded(name));

        var json = CatalogJson.Read(CatalogJson.Write(exported));
        var csv = CatalogCsv.Read(CatalogCsv.Write(exported));

        json.Errors.ShouldBeEmpty();
        csv.Errors.ShouldBeEmpty();
        Encoding.UTF8.GetString(CatalogJson.Write(json.File)).ShouldBe(Encoding.UTF8.GetString(CatalogJson.Write(exported)));
        CatalogCsv.Write(csv.File).ShouldBe(CatalogCsv.Write(exported));
        ImportCatalog.Decide(csv.File, Loaded(name), Ada, Now.AddDays(1)).Facts.ShouldBeEmpty();
        ImportCatalog.Decide(csv.File, CatalogState.Empty, Ada, Now).Errors.ShouldBeEmpty();
    }

    [Test]
    public void rate_limit_overage_has_6_metrics_4_plans_and_18_default_rules_in_3_currencies()
    {
        var file = Read("rate-limit-overage");

        file.Meters.Select(meter => meter.Value.Id.ToString()).ShouldBe(
            ["requests_per_second", "requests_per_day", "requests_per_month", "data_transfer_gb", "api_calls", "compute_seconds"]);
        file.Plans.Select(plan => plan.Value.Id.ToString()).ShouldBe(["free", "starter", "business", "enterprise"]);

        var defaults = file.Prices.Select(price => price.Value).Where(price => price.Plan is null && price.Country is null).ToList();
        defaults.Count.ShouldBe(18);
        defaults.Select(price => price.Currency.Code).Distinct().ShouldBe(["USD", "EUR", "XOF"]);
        defaults.Select(price => (price.Meter, price.Currency)).ShouldBeUnique();
    }

    [Test]
    public void five_thousand_requests_over_cost_50_USD_per_unit()
    {
        var answer = Preview("rate-limit-overage", "requests_per_day", 5_000, "free", "US");

        answer.Amount.ShouldBe(Money("50 USD"));
        answer.Rounded.ShouldBe(Text.Read<Money>("50.00 USD"));
        answer.Trace!.Steps.ShouldBe([new("per unit", Money("50 USD"), Units(5_000), Price("0.01 USD"))]);
        answer.Trace.Level.ShouldBe(PriceLevel.Meter);
    }

    [Test]
    public void a_request_over_costs_0_009_EUR_on_the_free_plan_in_France()
    {
        var answer = Preview("rate-limit-overage", "requests_per_day", 1, "free", "FR");

        answer.Amount.ShouldBe(Money("0.009 EUR"));
        answer.Trace!.Level.ShouldBe(PriceLevel.PlanCountryMeter);
    }

    [TestCase("business", "US", "0.006 USD", PriceLevel.PlanMeter)]
    [TestCase("business", "FR", "0.0095 EUR", PriceLevel.Meter)]
    [TestCase("business", "CI", "5 XOF", PriceLevel.CountryMeter)]
    [TestCase("free", "SN", "6 XOF", PriceLevel.Meter)]
    public void each_level_falls_back_to_the_next(string plan, string country, string amount, PriceLevel level)
    {
        var answer = Preview("rate-limit-overage", "requests_per_day", 1, plan, country);

        (answer.Amount, answer.Trace!.Level).ShouldBe((Money(amount), level));
    }

    [TestCase("llm-metering", "standard", "llm_tokens", 750_000, 250_000, "25.00 USD")]
    [TestCase("llm-metering", "standard", "playbook_runs", 75, 25, "25.00 USD")]
    [TestCase("llm-metering", "standard", "playbook_runs", 50, 0, "0.00 USD")]
    [TestCase("impressions", "starter", "impressions", 1_250_000, 250_000, "125.00 USD")]
    [TestCase("impressions", "growth", "api_calls", 1_500_000, 500_000, "50.00 USD")]
    [TestCase("impressions", "scale", "data_gb", 2_600, 100, "5.00 USD")]
    public void the_overage_of_a_month_is_what_the_document_says(
        string catalog, string plan, string meter, decimal used, decimal over, string cost)
    {
        var view = Month(catalog, plan, meter, used);

        view.Over.ShouldBe(Units(over));
        Rounding.ToMinorUnitsHalfEven(view.Cost).ShouldBe(Text.Read<Money>(cost));
    }

    // 100 cents are a dollar, 1000 milli-cents are a cent (source document 2, where text and example disagree).
    [Test]
    public void ten_milli_cents_are_a_ten_thousandth_of_a_dollar() =>
        Month("llm-metering", "standard", "llm_tokens", 750_000).UnitPrice.ShouldBe(UnitPrice.From(10m / 1_000 / 100, Currency.Of("USD")));

    [Test]
    public void tokens_and_runs_are_5000_cents_together()
    {
        UsageView[] views =
            [Month("llm-metering", "standard", "llm_tokens", 750_000), Month("llm-metering", "standard", "playbook_runs", 75),
                Month("llm-metering", "standard", "seats", 9)];

        var overages = OrgOverages.Of(Tenant, March, Currency.Of("USD"), views);

        overages.Lines.Select(line => line.Cost.MinorUnits).ShouldBe([2_500, 2_500, 0]);
        overages.Total.MinorUnits.ShouldBe(5_000);
    }

    [Test]
    public void errors_in_json_name_line_and_field()
    {
        var json = """
            {
              "meters": [
                {"id": "tokens", "eventType": "t", "unit": "token", "aggregation": "Summe", "property": "n"}
              ],
              "plans": [],
              "prices": [
                {"id": "a", "meter": "tokens", "currency": "USD", "model": {"model": "per-unit", "price": "0.10 USD"}},
                {"id": "b", "meter": "tokens", "currency": "USD",
                 "model": {"model": "per-unit", "price": "1 USD"}, "coutnry": "FR"}
              ],
              "extra": 1
            }
            """;

        var errors = CatalogJson.Read(Encoding.UTF8.GetBytes(json)).Errors;

        errors.Select(error => (error.Line, error.Field)).ShouldBe(
            [(3, "meters[0].aggregation"), (7, "prices[0].model.price"), (9, "prices[1].coutnry"), (11, "extra")]);
        errors[0].Message.ShouldBe("One of: sum, count, max, latest, unique, weighted-sum.");
        errors[1].Message.ShouldBe("Not the spelling of a UnitPrice.");
    }

    [TestCase("[]")]
    [TestCase("")]
    [TestCase("{\"meters\": [")]
    [TestCase("{} x")]
    [TestCase("{\"meters\": {}}")]
    public void what_is_no_catalog_is_an_error(string json) =>
        CatalogJson.Read(Encoding.UTF8.GetBytes(json)).Errors.ShouldNotBeEmpty();

    [Test]
    public void errors_in_csv_name_line_and_column()
    {
        var csv = """
            kind,id,meter,currency,model,price,tiers,unit
            price,a,tokens,USD,per-unit,0.10 USD,,
            price,b,tokens,USD,graduated,,0=1 USD;10,
            price,c,tokens,,per-unit,1 USD,,
            shop,d,,,,,,
            price,e,tokens,USD,per-unit,1 USD,,token
            """;

        CatalogCsv.Read(csv).Errors.Select(error => error.ToString()).ShouldBe(
        [
            "line 2, price: 0.10 USD is not the spelling of a UnitPrice.",
            "line 3, tiers: 10: a name and a value with = between them.",
            "line 4, currency: This field is needed here.",
            "line 5, kind: One of: meter, plan, price, tenant-allowance, tenant-fee.",
            "line 6, unit: This kind of row has no such field.",
        ]);
        CatalogCsv.Read("kind,colour\n").Errors.ShouldHaveSingleItem().Field.ShouldBe("colour");
        CatalogCsv.Read("kind,id\nmeter,\"a").Errors.ShouldContain(error => error.Message == "A quote is not closed.");
    }

    [Test]
    public void what_the_catalog_refuses_is_named_by_its_place_in_the_file_and_nothing_is_taken()
    {
        var file = CatalogCsv.Read("""
            kind,id,meter,currency,model,tiers,event_type,unit,aggregation
            meter,calls,,,,,api.request,call,count
            price,a,calls,USD,graduated,5=1 USD,,,
            price,b,unknown,USD,graduated,0=1 USD,,,
            """).File;

        var outcome = ImportCatalog.Decide(file, CatalogState.Empty, Ada, Now);

        outcome.Facts.ShouldBeEmpty();
        outcome.Errors.Select(error => (error.Line, error.Field)).ShouldBe([(3, "tiers[0].from"), (4, "meter")]);
    }

    [Test]
    public void values_with_the_signs_of_csv_in_them_come_back()
    {
        var rule = Rule(PerUnit("1 USD")) with { Where = new([new("model", "a;b=c%3B,\"d\"\ne")]) };
        var exported = ExportCatalog.From(CatalogOf(MeterSet(Aggregation.Sum, "model"), rule));

        var read = CatalogCsv.Read(CatalogCsv.Write(exported));

        read.Errors.ShouldBeEmpty();
        read.File.Prices.Single().Value.Where.ShouldBe(rule.Where);
    }

    private static UsageView Month(string catalog, string plan, string meter, decimal used)
    {
        var state = Loaded(catalog).Evolve(
            [new TenantSetV1(Tenant, "Example", "US", Decision), Subscribed("2026-01-01T00:00:00Z") with { Plan = PlanId.Of(plan), Country = "US" }]);
        var set = state.Meters[MeterId.Of(meter)];
        var terms = TermsOf.Subscription(state.Subscriptions[Sub], set, March, state, Zone("Etc/UTC")!);
        var total = new PeriodTotal();

        // A count has a use of one for each event; one cell holds them all.
        var tally = Tally.Empty(terms);
        tally = set.Aggregation == Aggregation.Count
            ? tally with { Cells = [new(0, UsageScope.Whole, (long)used, Units(used), "")] }
            : RateUse.Decide(Used("1", used), terms, tally, total).Tally;
        return UsageView.Of(terms, tally, total, March.EndExclusive);
    }

    private static PreviewPrice.Answer Preview(string catalog, string meter, decimal units, string plan, string country) =>
        PreviewPrice.Of(new PreviewPrice.Question(MeterId.Of(meter), Units(units), Now, PlanId.Of(plan), country), Loaded(catalog));

    // The plans and prices of the samples begin when they are loaded.
    private static CatalogState Loaded(string name)
    {
        var outcome = ImportCatalog.Decide(Read(name), CatalogState.Empty, Ada, At("2026-01-01T00:00:00Z"));
        outcome.Errors.ShouldBeEmpty();
        return CatalogState.Empty.Evolve(outcome.Facts.Select(fact => ContractsJson.Read(fact.GetType(), ContractsJson.Write(fact))));
    }

    private static CatalogFile Read(string name)
    {
        var read = CatalogJson.Read(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Samples", $"{name}.json")));
        read.Errors.ShouldBeEmpty();
        return read.File;
    }
}
