using System.Net.Http.Json;
using System.Text.Json;
using Billing.Contracts.Values;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Projections;
using Billing.Ledger.Tests.Queries;
using Billing.Testbed;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Billing.Ledger.Tests;

/// <summary>Grants of credit end when the service's clock says so, once each.</summary>
public class EndDueCreditTests
{
    private const string AccountCredit = "/api/overages/ops/override/account-credit";

    private static readonly DateTimeOffset Ends = Given.At("2099-05-01T00:00:00Z");

    private LedgerService _service = null!;
    private LedgerDatabase _ledger = null!;
    private EndDueCredit _sweep = null!;

    [SetUp]
    public async Task Create()
    {
        _service = await LedgerService.Start();
        _ledger = _service.Ledger;
        _sweep = new(_ledger.Transactions, _ledger.Time, NullLogger<EndDueCredit>.Instance);
    }

    [TearDown]
    public async Task Drop()
    {
        _sweep.Dispose();
        await _service.DisposeAsync();
    }

    [Test]
    public async Task a_grant_whose_time_is_over_is_ended_once_and_gone_from_the_balance()
    {
        var grant = await Grant("tenant-1", "25.00 USD", Ends);
        await Grant("tenant-1", "5.00 USD", Ends.AddDays(1));
        await Grant("tenant-1", "3.00 USD", null);
        await Grant("tenant-1", "900 XOF", Ends);

        At(Ends.AddTicks(-1));
        (await _sweep.Sweep(default)).ShouldBe(0);
        At(Ends);
        (await _sweep.Sweep(default)).ShouldBe(2);
        (await _sweep.Sweep(default)).ShouldBe(0);

        var ended = (await _ledger.Events<CreditExpired>()).Single(one => one.Money.Currency == Given.Usd);
        (ended.Grant, ended.Money).ShouldBe((grant, Given.Dollars("25.00")));
        ended.Origin.ShouldBe(new(Ends, Ends, "ledger", Cause.Of(new FactId(grant))));
        (await _ledger.Count("credit_due")).ShouldBe(1);
        (await CustomerCredit("tenant-1", "USD")).ShouldBe("-8 USD");
        await _ledger.ShouldAddUp();
    }

    [Test]
    public async Task a_clock_that_jumps_over_years_leaves_no_owner_out()
    {
        for (var tenant = 0; tenant < 3; tenant++)
            for (var month = 0; month < 3; month++)
                await Grant($"tenant-{tenant}", $"{month + 1}.00 USD", Ends.AddMonths(month));
        await _ledger.Test.Do(
            _ledger.Test.Owner,
            """
            insert into credit_due
            select gen_random_uuid(), 'a' || n, 'USD', '2099-01-01' from generate_series(1, 250) as n
            """);

        At(Ends.AddYears(3));

        (await _sweep.Sweep(default)).ShouldBe(9); // The others had nothing, or have nothing any more.
        (await _ledger.Count("credit_due")).ShouldBe(0);
        (await _ledger.Events<CreditExpired>()).Select(ended => ended.Grant).ShouldBeUnique();
        await _ledger.ShouldAddUp();
    }

    [Test]
    public async Task what_was_spent_or_ended_by_a_person_before_is_not_ended_again()
    {
        var grant = await Grant("tenant-1", "25.00 USD", Ends);
        (await _service.Post(
            $"{AccountCredit}/end", new { tenant = "tenant-1", grant, reason = "A mistake" }, "end"))
            .Status.ShouldBe(200);

        At(Ends);

        (await _sweep.Sweep(default)).ShouldBe(0);
        (await _ledger.Events<CreditExpired>()).ShouldHaveSingleItem().Origin.Reason.ShouldBe("A mistake");
        (await _ledger.Count("credit_due")).ShouldBe(0);
    }

    [Test]
    public async Task a_look_that_is_cut_off_has_done_nothing_and_the_next_does_it_once_beside_others()
    {
        await Grant("tenant-1", "25.00 USD", Ends);
        At(Ends);
        await using (var other = await _ledger.Test.Open(_ledger.Test.Owner))
        {
            await Do(other, "begin; select hold_keys(array['credit tenant-1 USD'])");
            var cut = _sweep.Sweep(default);
            await Eventually.Is(async () => await _ledger.Test.Ask<long>(
                _ledger.Test.Admin,
                """
                select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock' and query like '%hold_keys%'
                """) == 1);
            (await cut).ShouldBe(0);
            (await _ledger.Count("credit_due")).ShouldBe(1);
            await Do(other, "rollback");
        }

        var counts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _sweep.Sweep(default)));

        counts.Sum().ShouldBe(1);
        (await _ledger.Events<CreditExpired>()).Count.ShouldBe(1);
        (await _ledger.Count("credit_due")).ShouldBe(0);
        await _ledger.ShouldAddUp();
    }

    private async Task<Guid> Grant(string tenant, string money, DateTimeOffset? expires)
    {
        var (status, json) = await _service.Post(
            AccountCredit, new { tenant, money, reason = "Sorry", expiresAt = expires }, $"{tenant}:{money.Replace(' ', '-')}");
        status.ShouldBe(200, json.GetRawText());
        return json.GetProperty("grant").GetGuid();
    }

    private void At(DateTimeOffset moment) => _ledger.Time.Advance(moment - _ledger.Time.GetUtcNow());

    /// <summary>As finance sees it, when the read models have taken all in.</summary>
    private async Task<string?> CustomerCredit(string tenant, string currency)
    {
        using var models = new KeepReadModels(
            ReadModels.All, _ledger.Database, _ledger.Time, NullLogger<KeepReadModels>.Instance);
        await using (var connection = await _ledger.Database.Writer.OpenConnectionAsync())
            await models.Take(
                await Ledger.Projections.StoredEvents.Page(
                    0, await _ledger.Count("events.mt_events"), 1_000, connection, default), default);
        await using var questions = await QuestionService.Start(_ledger);
        using var answer = await questions.Get($"/api/v1/ledger/balances?tenant={tenant}", "finance");
        var rows = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("items").EnumerateArray();
        return rows.Select(row => (Account: row.Text("account"), Balance: row.Text("balance")))
            .Single(row => row.Account == "customer-credit" && row.Balance!.EndsWith(currency, StringComparison.Ordinal))
            .Balance;
    }

    private static async Task Do(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
