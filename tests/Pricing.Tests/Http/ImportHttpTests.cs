using System.Globalization;
using System.Text.Json;
using Billing.Pricing.Samples;

namespace Billing.Pricing.Tests.Http;

/// <summary>Whole catalogs in and out, the samples among them.</summary>
[Category("http")]
public sealed class ImportHttpTests
{
    private const string Import = "/api/v1/catalog/import?reason=test";

    private PricingService _service = null!;

    [OneTimeSetUp]
    public async Task Start() => _service = await PricingService.Start();

    [OneTimeTearDown]
    public Task Stop() => _service.DisposeAsync().AsTask();

    [Test]
    public async Task A_file_is_tried_taken_once_exported_and_taken_again_without_a_change()
    {
        var file = File("one");
        var before = await Number();
        var dry = (await _service.Upload(Import + "&dryRun=true", file)).Ok();
        (dry.GetProperty("meters").GetInt32(), dry.GetProperty("prices").GetInt32()).ShouldBe((1, 2));
        (await Number()).ShouldBe(before);

        (await _service.Upload(Import, file)).Ok().GetProperty("catalogNumber").GetInt64()
            .ShouldBe(before + 4);
        _service.Time.Advance(TimeSpan.FromHours(1));
        var again = (await _service.Upload(Import, file)).Ok();
        again.GetProperty("prices").GetInt32().ShouldBe(0);

        foreach (var (format, type) in new[] { ("json", "application/json"), ("csv", "text/csv") })
        {
            var exported = await _service.Get($"/api/v1/catalog/export?format={format}");
            exported.Status.ShouldBe(200);
            exported.Body.ShouldContain("one-usd");
            exported.Headers["ETag"].ShouldBe(
                string.Create(CultureInfo.InvariantCulture, $"\"{before + 4}-{format}\""));
            (await _service.Upload(Import, exported.Body, type)).Ok();
            (await _service.Upload(Import + "&dryRun=true", exported.Body, type)).Ok()
                .GetProperty("errors").GetArrayLength().ShouldBe(0);
        }

        (await Number()).ShouldBe(before + 4);
        (await _service.Names("/api/overages/ops/pricing/one-usd/history", "reason")).ShouldBe("test");
    }

    [Test]
    public async Task A_file_with_errors_is_refused_line_by_line_and_nothing_of_it_is_taken()
    {
        var before = await Number();
        var csv = """
            kind,id,meter,currency,model,price,tiers,event_type,unit,aggregation
            meter,two,,,,,,api.request,call,count
            price,a,two,USD,per-unit,0.10 USD,,,,
            price,b,two,USD,graduated,,5=1 USD,,,
            price,c,nothing,USD,per-unit,1 USD,,,,
            """;

        var refused = await _service.Upload(Import, csv, "text/csv");
        refused.Status.ShouldBe(422);
        refused.Problem().ShouldBe("unprocessable 3:price 4:tiers[0].from 5:meter");
        var dry = (await _service.Upload(Import + "&dryRun=true", csv, "text/csv")).Ok();
        dry.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("line").GetInt32())
            .ShouldBe([3, 4, 5]);

        (await Number()).ShouldBe(before);
        (await _service.Upload(Import, "kind", "text/plain")).Status.ShouldBe(415);
        (await _service.Upload("/api/v1/catalog/import", "{}")).Status.ShouldBe(400);
        (await _service.Upload("/api/v1/catalog/import?reason=%20", "{}")).Problem()
            .ShouldBe("unprocessable reason-missing:reason");
        (await _service.Get("/api/v1/catalog/export?format=xml")).Status.ShouldBe(400);
    }

    [Test]
    public async Task What_was_changed_between_is_set_back_by_the_file()
    {
        (await _service.Upload(Import, File("three", "0.01 USD"))).Ok();
        (await _service.Upload(Import, File("three", "0.02 USD"))).Ok();
        (await _service.Upload(Import, File("three", "0.01 USD"))).Ok()
            .GetProperty("prices").GetInt32().ShouldBe(1);

        (await _service.Names("/api/overages/ops/pricing/three-usd/versions", "version")).ShouldBe("1 2 3");
    }

    [TestCaseSource(typeof(LoadSample), nameof(LoadSample.Names))]
    public async Task A_sample_loads_and_again_changes_nothing(string sample)
    {
        await using var service = await PricingService.Start();
        var loaded = (await service.Post($"/api/v1/catalog/samples/{sample}", new { })).Ok();
        var again = (await service.Post($"/api/v1/catalog/samples/{sample}", new { })).Ok();

        loaded.GetProperty("prices").GetInt32().ShouldBeGreaterThan(0);
        (again.GetProperty("meters").GetInt32(), again.GetProperty("plans").GetInt32(),
            again.GetProperty("prices").GetInt32()).ShouldBe((0, 0, 0));
        again.GetProperty("catalogNumber").GetInt64()
            .ShouldBe(loaded.GetProperty("catalogNumber").GetInt64());
        (await service.Post("/api/v1/catalog/samples/nothing", new { })).Status.ShouldBe(404);
        if (sample != "rate-limit-overage") return;

        var prices = (await service.Get("/api/overages/ops/pricing?limit=100")).Ok().GetProperty("items");
        prices.EnumerateArray().Count(price => price.GetProperty("level").GetString() == "meter")
            .ShouldBe(18);
        (await Preview(service, 5000, "US")).ShouldBe("50.00 USD");
        (await Preview(service, 1000, "FR")).ShouldBe("9.00 EUR");
    }

    private static async Task<string?> Preview(PricingService service, int units, string country) =>
        (await service.Post("/api/overages/ops/pricing/preview", new
        {
            meter = "requests_per_day",
            units = units.ToString(CultureInfo.InvariantCulture),
            plan = "free",
            country,
        })).Ok().GetProperty("rounded").GetString();

    private static string File(string meter, string price = "0.01 USD") => JsonSerializer.Serialize(new
    {
        meters = new[] { new { id = meter, eventType = "t", unit = "u", aggregation = "count" } },
        plans = new[] { new { id = $"{meter}-plan", name = "Plan" } },
        prices = new object[]
        {
            new { id = $"{meter}-usd", meter, currency = "USD", model = new { model = "per-unit", price } },
            new
            {
                id = $"{meter}-eur",
                meter,
                currency = "EUR",
                model = new { model = "per-unit", price = "0.01 EUR" },
            },
        },
    });

    private Task<long> Number() => _service.Database.Ask<long>(
        _service.Database.Owner, "select last_number from catalog_head");
}
