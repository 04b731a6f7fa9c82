using System.Text.Json;
using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using Billing.Testbed;
using static Billing.Ledger.Tests.Given;
using static Billing.Ledger.Tests.LedgerDatabase;
using LineKind = Billing.Contracts.Invoices.LineKind;

namespace Billing.Ledger.Tests;

/// <summary>Corrections as people ask for them, over HTTP.</summary>
public class RequestTests
{
    private const string Void = "/api/overages/ops/override/void", Credit = "/api/overages/ops/override/credit",
        Adjust = "/api/overages/ops/override/adjust", Reverse = "/api/overages/ops/override/reverse",
        Bulk = "/api/overages/ops/override/bulk", AccountCredit = "/api/overages/ops/override/account-credit",
        EndCredit = $"{AccountCredit}/end", WriteOff = "/api/overages/ops/override/write-off";

    private LedgerService _service = null!;
    private LedgerDatabase _ledger = null!;

    [OneTimeSetUp]
    public async Task Start() => (_service, _ledger) = (_service = await LedgerService.Start(), _service.Ledger);

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _ledger.ShouldAddUp();
        await _service.DisposeAsync();
    }

    [Test]
    public async Task a_credit_takes_off_what_is_asked_and_says_what_is_left()
    {
        await Charge("credit me", "10");
        var (status, json) = await _service.Post(Credit, Body("credit me", amount: "3.5 USD"), "credit-1");
        status.ShouldBe(200);
        (json.Text("changed"), json.Text("left")).ShouldBe(("-3.5 USD", "6.5 USD"));

        (status, json) = await _service.Post(Credit, Body("credit me", amount: "6.51 USD"), "credit-2");
        (status, json.Text("type"), json.Text("left"))
            .ShouldBe((409, "urn:billing:problem:above-what-is-left", "6.5 USD"));
    }

    [Test]
    public async Task the_same_request_again_is_the_same_correction_for_ever()
    {
        await Charge("again", "10");
        var first = await _service.Post(Void, Body("again"), "again-1");
        var replayed = await _service.Post(Void, Body("again"), "again-1");
        await _ledger.Test.Do(_ledger.Test.Owner, "truncate idempotency_keys"); // the 24 hours are over
        var late = await _service.Post(Void, Body("again"), "again-1");

        first.Status.ShouldBe(200);
        replayed.Json.GetRawText().ShouldBe(first.Json.GetRawText());
        late.Json.GetRawText().ShouldBe(first.Json.GetRawText());
        (await Moves("again")).Count.ShouldBe(1);
        (await _service.Post(Void, Body("again"), "again-2")).Json.Text("type")
            .ShouldBe("urn:billing:problem:already-voided");
    }

    [Test]
    public async Task a_key_of_another_correction_is_refused()
    {
        await Charge("key a", "10");
        await Charge("key b", "10");
        await _service.Post(Void, Body("key a"), "key-1");
        await _ledger.Test.Do(_ledger.Test.Owner, "truncate idempotency_keys");

        (await _service.Post(Void, Body("key b"), "key-1")).Json.Text("type")
            .ShouldBe("urn:billing:problem:key-reused");
        (await Moves("key b")).ShouldBeEmpty();
    }

    [Test]
    public async Task an_adjustment_sets_the_amount_or_the_units_and_can_be_reversed()
    {
        await Charge("adjust", "9");
        var (status, json) = await _service.Post(
            Adjust, new { tenant = "tenant-1", charge = Id("adjust"), reason = "Wrong", units = "2" }, "adjust-1");
        (status, json.Text("left")).ShouldBe((200, "6 USD")); // 3 units were 9 dollars

        (status, json) = await _service.Post(
            Reverse,
            new
            {
                tenant = "tenant-1",
                charge = Id("adjust"),
                correction = json.Text("correction"),
                reason = "No",
            },
            "adjust-2");
        (status, json.Text("left")).ShouldBe((200, "9 USD"));
        (await _service.Post(Adjust, new { tenant = "tenant-1", charge = Id("adjust"), reason = "x" }, "adjust-3"))
            .Status.ShouldBe(400);
    }

    [Test]
    public async Task only_operations_may_and_only_for_the_tenant_that_they_name()
    {
        await Charge("whose", "10");

        (await _service.Post(Void, Body("whose"), "whose-1", role: "finance")).Status.ShouldBe(403);
        (await _service.Post(Void, Body("whose"), "whose-1", role: "tenant")).Status.ShouldBe(403);
        (await _service.Post(Void, Body("whose"), null)).Status.ShouldBe(400);
        (await _service.Post(Void, Body("whose", tenant: "tenant-2"), "whose-2")).Status.ShouldBe(404);
        (await _service.Post(Void, Body("whose", reason: " "), "whose-3")).Json.Text("type")
            .ShouldBe("urn:billing:problem:reason-missing");
        (await _service.Post(Void, Body("not there"), "whose-4")).Status.ShouldBe(404);
        (await Moves("whose")).ShouldBeEmpty();
    }

    [Test]
    public async Task a_closed_period_cannot_be_corrected_an_issued_one_into_the_next()
    {
        var june = Month(6);
        await _ledger.Take(
            new TakeRatings(), Fact("june", Use("june", "100", june)), Fact("close june", Answer(1, june)));
        (await _service.Post(Credit, Body("june", amount: "30 USD"), "june-1")).Json.Text("type")
            .ShouldBe("urn:billing:problem:period-being-invoiced");

        var invoice = new InvoiceId(Id("invoice of june"));
        var line = LineIds.Of(invoice, LineKind.Usage, Meter, june);
        await _ledger.Take(new TakeInvoicing(), Fact("issue june", new InvoiceIssuedV1(
            Tenant, invoice, "T1-000006", june, 1, Given.Now, Given.Now.AddDays(14),
            [
                new(line, LineKind.Usage, "API calls", Usd100("100"), Dollars("100.00"), Dollars("0.00"),
                    Dollars("0.00"), Meter),
            ],
            Dollars("0.00"), Dollars("100.00"), Sub)));
        var (status, json) = await _service.Post(Credit, Body("june", amount: "30 USD"), "june-2");

        status.ShouldBe(200);
        json.GetProperty("bookedIn").Text("start").ShouldStartWith("2027-07-01");
        (await Moves("june")).ShouldHaveSingleItem().Of.On.ShouldBe(new LineRef(invoice, line));
        (await _service.Post(Credit, Body("june", amount: "70.01 USD"), "june-3")).Json.Text("left")
            .ShouldBe("70 USD");
    }

    [Test]
    public async Task two_hundred_at_once_void_it_once_and_never_take_off_more_than_there_was()
    {
        await Charge("contended", "100");
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => (n % 3) switch
        {
            0 => _service.Post(Void, Body("contended"), $"contended-{n}"),
            1 => _service.Post(Credit, Body("contended", amount: $"{n % 7 + 1} USD"), $"contended-{n}"),
            _ => _service.Post(Adjust, Body("contended", amount: $"{n % 90} USD"), $"contended-{n}"),
        }));

        answers.ShouldAllBe(answer => answer.Status == 200 || answer.Status == 409 || answer.Status == 422);
        var moves = await Moves("contended");
        moves.OfType<ChargeVoided>().Count().ShouldBe(1);
        moves.Count.ShouldBe(answers.Count(answer => answer.Status == 200));
        var left = Usd100("100");
        foreach (var move in moves)
        {
            left += move.Amount;
            (left >= Amount.Zero(Usd)).ShouldBeTrue();
        }

        left.IsZero.ShouldBeTrue();
    }

    [Test]
    public async Task closes_race_with_corrections_and_every_entry_is_in_the_sum()
    {
        var months = Enumerable.Range(0, TestSize.Full ? 1_000 : 30).Select(n => Month(24 + n)).ToList();
        foreach (var chunk in months.Select((month, n) => (month, n)).Chunk(500))
            await _ledger.Take(new TakeRatings(), [.. chunk.Select(one =>
                Fact($"race {one.n}", Use($"race {one.n}", "10", one.month)))]);

        // The same charge twice while its period closes: each is inside the sum, or refused. As many batches at
        // once as a topic has partitions; a thousand would have a connection each, which no server grants.
        using var partitions = new SemaphoreSlim(8);
        await Task.WhenAll(months.SelectMany((month, n) => new[]
        {
            Close(n, month),
            Correct($"race {n}", $"race-{n}-a"),
            Correct($"race {n}", $"race-{n}-b"),
        }));

        var events = await _ledger.Events();
        var closes = events.Select(stored => stored.Event).OfType<PeriodClosed>()
            .Where(close => months.Contains(close.Booking.Period)).ToList();
        closes.Count.ShouldBe(months.Count);
        var slips = events.Select(stored => Slip.Of(stored.Id, stored.Event)).OfType<Slip>()
            .ToLookup(slip => slip.Period);
        foreach (var close in closes)
        {
            var booked = slips[close.Booking.KeyOf(Tenant, Usd)].ToList();
            (close.Entries, close.Sum)
                .ShouldBe((booked.Count, Amount.Sum(booked.Select(slip => slip.Sum), Usd)));
        }

        async Task Close(int n, BillingPeriod month)
        {
            await partitions.WaitAsync();
            try
            {
                await _ledger.Take(new TakeRatings(), Fact($"close race {n}", Answer(1, month)));
            }
            finally
            {
                partitions.Release();
            }
        }

        async Task Correct(string charge, string key)
        {
            var (status, json) = await _service.Post(Credit, Body(charge, amount: "1 USD"), key);
            if (status != 200) json.Text("type").ShouldBe("urn:billing:problem:period-being-invoiced");
        }
    }

    [Test]
    public async Task many_are_previewed_and_then_corrected_with_one_reason()
    {
        var august = Month(8);
        await _ledger.Take(
            new TakeRatings(), Fact("bulk 1", Use("bulk 1", "5", august)), Fact("bulk 2", Use("bulk 2", "2", august)),
            Fact("bulk 3", Use("bulk 3", "9", august)));
        var filter = new
        {
            tenant = "tenant-1",
            doing = "credit",
            reason = "Outage",
            amount = "4 USD",
            filter = new { currency = "USD", periodStart = august.Start, subscription = "sub-1", meter = "api_calls" },
        };

        var preview = (await _service.Post($"{Bulk}/preview", filter, null)).Json;
        (preview.GetProperty("recorded").GetInt32(), preview.GetProperty("refused").GetInt32(),
            preview.GetProperty("changes")[0].GetString()).ShouldBe((2, 1, "-8 USD"));
        (await Moves("bulk 1")).ShouldBeEmpty();

        var done = (await _service.Post(Bulk, filter, "bulk-1")).Json;
        await _ledger.Test.Do(_ledger.Test.Owner, "truncate idempotency_keys");
        var again = (await _service.Post(Bulk, filter, "bulk-1")).Json;
        done.GetProperty("recorded").GetInt32().ShouldBe(2);
        done.GetProperty("charges")[1].Text("refusal").ShouldBe("above-what-is-left");
        again.GetProperty("alreadySo").GetInt32().ShouldBe(2);
        (await Moves("bulk 1")).ShouldHaveSingleItem().Origin.Reason.ShouldBe("Outage");
        (await Moves("bulk 3")).Count.ShouldBe(1);
    }

    [Test]
    public async Task credit_of_the_account_pays_the_next_invoice()
    {
        var body = new { tenant = "tenant-2", money = "25.00 USD", reason = "Sorry" };
        var (status, json) = await _service.Post(AccountCredit, body, "grant-1");
        (status, json.Text("usable")).ShouldBe((200, "25.00 USD"));
        await _ledger.Test.Do(_ledger.Test.Owner, "truncate idempotency_keys");
        (await _service.Post(AccountCredit, body, "grant-1")).Json.Text("usable").ShouldBe("25.00 USD");
        (await _service.Post(AccountCredit, new { tenant = "tenant-2", money = "-1.00 USD", reason = "x" }, "grant-2"))
            .Json.Text("type").ShouldBe("urn:billing:problem:amount-not-positive");

        (await _ledger.Events<CreditGranted>()).Where(grant => grant.Tenant == TenantId.Of("tenant-2"))
            .ShouldHaveSingleItem().Money.ShouldBe(Dollars("25.00"));
    }

    [Test]
    public async Task credit_of_the_account_has_a_time_and_is_ended_once()
    {
        var body = new
        {
            tenant = "tenant-3",
            money = "25.00 USD",
            reason = "Sorry",
            expiresAt = DateTimeOffset.UtcNow.AddDays(30),
        };
        var grant = (await _service.Post(AccountCredit, body, "end-1")).Json.Text("grant");
        (await _service.Post(AccountCredit, body with { money = "5.00 USD" }, "end-2")).Status.ShouldBe(200);
        (await _service.Post(
            AccountCredit, body with { expiresAt = DateTimeOffset.UtcNow.AddDays(-1) }, "end-3"))
            .Json.Text("type").ShouldBe("urn:billing:problem:expiry-passed");

        var end = new { tenant = "tenant-3", grant, reason = "A mistake" };
        (await _service.Post(EndCredit, end, "end-4", role: "finance")).Status.ShouldBe(403);
        (await _service.Post(EndCredit, end, null)).Status.ShouldBe(400);
        (await _service.Post(EndCredit, end with { tenant = "tenant-2" }, "end-5")).Status.ShouldBe(404);
        (await _service.Post(EndCredit, end with { grant = Id("no grant").ToString() }, "end-6")).Status.ShouldBe(404);
        (await _service.Post(EndCredit, end with { reason = " " }, "end-7")).Json.Text("type")
            .ShouldBe("urn:billing:problem:reason-missing");

        var first = await _service.Post(EndCredit, end, "end-8");
        await _ledger.Test.Do(_ledger.Test.Owner, "truncate idempotency_keys");
        var again = await _service.Post(EndCredit, end, "end-8");
        (first.Status, first.Json.Text("ended"), first.Json.Text("usable")).ShouldBe((200, "25.00 USD", "5.00 USD"));
        again.Json.GetRawText().ShouldBe(first.Json.GetRawText());
        var ended = (await _ledger.Events<CreditExpired>()).ShouldHaveSingleItem();
        (ended.Grant, ended.Money, ended.Origin.Reason).ShouldBe((Guid.Parse(grant), Dollars("25.00"), "A mistake"));
    }

    [Test]
    public async Task what_is_not_paid_is_written_off_up_to_what_is_left()
    {
        var may = Month(5);
        var invoice = new InvoiceId(Id("invoice of may"));
        await _ledger.Take(
            new TakeRatings(), Fact("may", Use("may", "100", may)), Fact("close may", Answer(1, may)));
        await _ledger.Take(new TakeInvoicing(), Fact("issue may", new InvoiceIssuedV1(
            Tenant, invoice, "T1-000005", may, 1, Given.Now, Given.Now.AddDays(14),
            [
                new(LineIds.Of(invoice, LineKind.Usage, Meter, may), LineKind.Usage, "API calls", Usd100("100"),
                    Dollars("100.00"), Dollars("0.00"), Dollars("0.00"), Meter),
            ],
            Dollars("0.00"), Dollars("100.00"), Sub)));

        var some = new { tenant = "tenant-1", invoice = invoice.Value, reason = "Bankrupt", money = "30.00 USD" };
        (await _service.Post(WriteOff, some, "off-1", role: "tenant")).Status.ShouldBe(403);
        (await _service.Post(WriteOff, some with { tenant = "tenant-2" }, "off-1")).Status.ShouldBe(404);
        (await _service.Post(WriteOff, some with { money = "30.00 EUR" }, "off-2")).Json.Text("type")
            .ShouldBe("urn:billing:problem:currency-differs");
        (await _service.Post(WriteOff, some with { money = "100.01 USD" }, "off-3")).Json.Text("left")
            .ShouldBe("100 USD");

        var first = await _service.Post(WriteOff, some, "off-4");
        await _ledger.Test.Do(_ledger.Test.Owner, "truncate idempotency_keys");
        var again = await _service.Post(WriteOff, some, "off-4");
        (first.Status, first.Json.Text("money"), first.Json.Text("leftToPay"))
            .ShouldBe((200, "30.00 USD", "70.00 USD"));
        again.Json.GetRawText().ShouldBe(first.Json.GetRawText());
        (await _service.Post(WriteOff, some with { money = "31.00 USD" }, "off-4")).Status.ShouldBe(409);

        var rest = new { tenant = "tenant-1", invoice = invoice.Value, reason = "Bankrupt" };
        (await _service.Post(WriteOff, rest, "off-5")).Json.Text("money").ShouldBe("70.00 USD");
        (await _service.Post(WriteOff, rest, "off-6")).Json.Text("type")
            .ShouldBe("urn:billing:problem:nothing-left");
        (await _ledger.Events<WrittenOff>()).Select(off => off.Money)
            .ShouldBe([Dollars("30.00"), Dollars("70.00")]);
    }

    [Test]
    public void every_refusal_is_a_problem_type_with_its_status()
    {
        foreach (var refusal in Enum.GetValues<Refusal>())
            RefusalProblems.TypeOf(refusal).Status.ShouldBe(refusal.Status(), $"{refusal}");
    }

    private Task Charge(string name, string amount) =>
        _ledger.Take(new TakeRatings(), Fact(name, Use(name, amount)));

    private static object Body(
        string charge, string? amount = null, string tenant = "tenant-1", string reason = "Wrong") =>
        amount is null
            ? new { tenant, charge = Id(charge), reason }
            : new { tenant, charge = Id(charge), reason, amount };

    /// <summary>What has moved a charge, in its order.</summary>
    private async Task<List<ChargeMoved>> Moves(string charge) =>
        [.. (await _ledger.Events<ChargeMoved>()).Where(moved => moved.Of.Charge.Value == Id(charge))];

    /// <summary>1 is January of 2027: no other test books there.</summary>
    private static BillingPeriod Month(int number) => Contracts.Values.Periods.CalendarMonth(
        new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(number - 1));
}

internal static class JsonTexts
{
    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
