using Billing.Verify.Invariants;
using static Billing.Stories.BillingSystem;

namespace Billing.Stories;

/// <summary>
/// The product's story as far as it goes today: usage comes in, is priced, and is owed, once. Told by
/// docs/how-an-event-flows.md. Invoices and payments follow here.
/// </summary>
public class UsageBecomesBalances
{
    private const string Catalog =
        """
        {
          "meters": [{"id": "tokens", "eventType": "llm.completion", "unit": "token", "aggregation": "sum",
            "property": "tokens"}],
          "plans": [{"id": "team", "name": "Team", "from": "2024-01-01T00:00:00Z",
            "included": [{"meter": "tokens", "quantity": "1000"}]}],
          "prices": [
            {"id": "usd", "meter": "tokens", "currency": "USD", "from": "2024-01-01T00:00:00Z",
              "model": {"model": "per-unit", "price": "0.002 USD"}},
            {"id": "eur", "meter": "tokens", "currency": "EUR", "from": "2024-01-01T00:00:00Z",
              "model": {"model": "per-unit", "price": "0.001 EUR"}}]
        }
        """;

    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    // The middle of the month before: its period is over, and open for late usage.
    private static readonly DateTimeOffset LastMonth =
        new DateTimeOffset(Now.Year, Now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddDays(-15);

    private BillingSystem billing = null!;

    [OneTimeSetUp]
    public async Task StartEverything()
    {
        billing = await BillingSystem.Start();
        await billing.PublishCatalog(Catalog);
    }

    [OneTimeTearDown]
    public async Task StopEverything() => await billing.DisposeAsync();

    [Test]
    public async Task what_was_used_is_owed_once_whatever_else_arrives()
    {
        await billing.SignUp("acme", "Acme", "US");
        await billing.Subscribe("acme", "team", LastMonth.AddDays(-30));
        await billing.SignUp("solo", "Solo", "FR"); // no subscription: the price for everybody, no allowance

        // 1,000 tokens a month are included: 600 are free, of the next 600 only 400.
        await billing.Send(Used("acme", "1", "600", Now), Used("acme", "2", "600", Now), Used("solo", "3", "500", Now));
        await billing.OwesEventually("acme", "0.4 USD");
        await billing.OwesEventually("solo", "0.5 EUR");

        // The producer is not sure, and sends it again; another time it has changed its mind, which is refused.
        await billing.Send(Used("acme", "2", "600", Now), Used("acme", "2", "999", Now));
        await billing.HasVerdicts("duplicate", 1);
        await billing.HasVerdicts("conflict", 1);

        // Late usage is of its own month, which has an allowance of its own.
        await billing.Send(Used("acme", "late", "1500", LastMonth), Used("acme", "4", "1000", Now));
        await billing.OwesEventually("acme", "3.4 USD"); // 0.40 + 1.00 + 2.00

        // The producer takes one back.
        await billing.Send(Used("acme", "5", "0", Now, ("billingcancels", "4")));
        await billing.OwesEventually("acme", "1.4 USD");

        // Operations: one charge is void, one is credited in part, one gets another amount.
        await billing.Void("acme", "2");
        await billing.Send(Used("acme", "6", "5000", Now), Used("acme", "7", "1000", Now));
        await billing.OwesEventually("acme", "13 USD"); // 1.40 − 0.40 + 10.00 + 2.00
        await billing.Credit("acme", "6", "2.5 USD");
        await billing.Credit("acme", "6", "2.5 USD"); // asked twice, given once
        await billing.Adjust("acme", "7", "1.2 USD");
        await billing.OwesEventually("acme", "9.7 USD");

        // Every figure can be explained down to its usage, and each tenant sees its own.
        var why = await billing.Explain("6");
        why.GetProperty("usage").GetProperty("id").GetString().ShouldBe("6");
        why.GetProperty("changes").GetArrayLength().ShouldBe(1);
        (await billing.Owes("solo", token: "solo")).ShouldBe("0.5 EUR");

        // Invoices are next; until then, this is where the story ends: everything holds.
        (await billing.Verify()).Where(finding => !finding.Holds).ShouldBeEmpty();
    }

    [Test]
    public async Task what_somebody_changes_behind_its_back_is_found_and_named()
    {
        await billing.SignUp("mallory", "Mallory", "US");
        await billing.Send(Used("mallory", "m1", "1000", Now), Used("mallory", "m2", "2000", Now));
        await billing.OwesEventually("mallory", "6 USD");
        (await billing.Verify()).ShouldAllBe(finding => finding.Holds);
        var charge = ChargeOf("m2");

        await billing.Tamper(
            $"update events.mt_events set data = jsonb_set(data, '{{amount}}', '\"3 USD\"') where id = '{charge}'");
        try
        {
            var found = await billing.Verify();
            Broken(found, "I2").ShouldContain($"rated 4 USD and booked 3 USD: billing.pricing.use-rated.v1 {charge}");
            Broken(found, "I2").ShouldContain("of event /story m2");
            Broken(found, "I4").ShouldContain($"charge_posted {charge}");
            Broken(found, "I5").ShouldContain("have changed since they were verified");
        }
        finally
        {
            await billing.Tamper(
                $"update events.mt_events set data = jsonb_set(data, '{{amount}}', '\"4 USD\"') where id = '{charge}'");
        }

        await billing.Tamper("update balances set balance = balance + 0.01 where tenant_id = 'mallory'");
        Broken(await billing.Verify(), "I4").ShouldContain("mallory, ");
        await billing.Tamper("update balances set balance = balance - 0.01 where tenant_id = 'mallory'");

        (await billing.Verify()).ShouldAllBe(finding => finding.Holds);
    }

    private static string Broken(IReadOnlyList<Finding> findings, string name) =>
        findings.Single(finding => finding.Name == name).FirstBreach.ShouldNotBeNull();
}
