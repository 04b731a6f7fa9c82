using System.Net;
using System.Text.Json;
using Billing.Ledger.Events;
using Billing.Ledger.Tests.Projections;
using Billing.ServiceDefaults;
using Npgsql;

namespace Billing.Ledger.Tests.Queries;

/// <summary>Questions over HTTP: who sees what, pages, filters, and what is refused.</summary>
public class QuestionTests
{
    private static readonly string[] OfTenants =
        ["charges", "charge_changes", "charge_totals", "journal_entries", "balances", "usage_days", "open_items"];

    private ReadSide _side = null!;
    private QuestionService _service = null!;

    [OneTimeSetUp]
    public async Task Create()
    {
        _side = await ReadSide.Create();
        foreach (var part in ReadSide.History(21, 300).Books.Log.Chunk(9)) await _side.Append(part);
        await _side.Follow();
        _service = await QuestionService.Start(_side.Ledger);
    }

    [OneTimeTearDown]
    public async Task Drop()
    {
        await _service.DisposeAsync();
        await _side.DisposeAsync();
    }

    [Test]
    public async Task the_database_shows_a_tenant_its_own_rows_and_nothing_without_a_name()
    {
        foreach (var table in OfTenants)
        {
            var all = await _side.Ask<long>($"select count(*) from {table}");
            var own = await _side.Ask<long>(
                $"select count(*) from {table} where tenant_id = '{Given.OtherTenant}'");
            (await As(_side.Ledger.Test.Reader, Given.OtherTenant.ToString(), $"select count(*) from {table}"))
                .ShouldBe(own);
            (await As(_side.Ledger.Test.Reader, null, $"select count(*) from {table}")).ShouldBe(0);
            (await As(_side.Ledger.Test.Staff, null, $"select count(*) from {table}")).ShouldBe(all);
            (await _side.Ask<bool>(
                $"select relrowsecurity and relforcerowsecurity from pg_class where oid = '{table}'::regclass"))
                .ShouldBeTrue();
        }
    }

    [Test]
    public async Task the_database_shows_a_tenant_no_event_of_another_and_no_trial_balance()
    {
        var id = await _side.Ask<Guid>(
            $"select charge_id from charges where tenant_id = '{Given.Tenant}' limit 1");
        var sql = $"select count(*) from ledger_event('{id}')";

        (await As(_side.Ledger.Test.Reader, Given.Tenant.ToString(), sql)).ShouldBe(1);
        (await As(_side.Ledger.Test.Reader, Given.OtherTenant.ToString(), sql)).ShouldBe(0);
        (await As(_side.Ledger.Test.Reader, null, sql)).ShouldBe(0);
        (await As(_side.Ledger.Test.Staff, null, sql)).ShouldBe(1);
        (await Should.ThrowAsync<PostgresException>(() =>
            As(_side.Ledger.Test.Reader, Given.Tenant.ToString(), "select count(*) from trial_balance")))
            .SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [TestCase("delete from journal_entries")]
    [TestCase("update journal_entries set amount = 0")]
    [TestCase("update charge_changes set amount = 0")]
    [TestCase("delete from charges")]
    [TestCase("delete from ledger_clock")]
    public async Task no_role_that_runs_may(string what)
    {
        foreach (var role in new[] { _side.Ledger.Test.Writer, _side.Ledger.Test.Reader, _side.Ledger.Test.Staff })
            (await Should.ThrowAsync<PostgresException>(() => _side.Ledger.Test.Do(role, "begin read write; " + what)))
                .SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [TestCase("/api/overages/merchant/list")]
    [TestCase("/api/v1/ledger/journal")]
    [TestCase("/api/v1/ledger/balances")]
    public async Task a_tenant_sees_its_own_and_cannot_name_another(string path)
    {
        foreach (var item in (await Get(path, Given.OtherTenant.ToString())).GetProperty("items").EnumerateArray())
            item.GetProperty("tenant").GetString().ShouldBe(Given.OtherTenant.ToString());

        (await Status($"{path}?tenant={Given.Tenant}", Roles.Tenant, Given.OtherTenant.ToString()))
            .ShouldBe(HttpStatusCode.BadRequest);
        (await Status(path, Roles.Producer)).ShouldBe(HttpStatusCode.Forbidden);
        (await _service.Client.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [TestCase("/api/overages/ops/list")]
    [TestCase("/api/overages/ops/summary")]
    [TestCase("/api/v1/ledger/trial-balance")]
    public async Task what_is_about_all_tenants_is_not_for_one(string path)
    {
        (await Status(path, Roles.Tenant, Given.Tenant.ToString())).ShouldBe(HttpStatusCode.Forbidden);
        foreach (var role in new[] { Roles.Finance, Roles.Ops, Roles.Admin })
            (await Status(path, role)).ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task pages_of_a_list_are_of_one_position_while_the_ledger_goes_on()
    {
        var all = (await Get("/api/overages/ops/list?limit=100")).GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("charge").GetString()).ToList();
        var (seen, cursor, position) = (new List<string?>(), "", 0L);
        do
        {
            var page = await Get($"/api/overages/ops/list?limit=7{cursor}");
            if (position == 0) position = page.GetProperty("position").GetInt64();
            page.GetProperty("position").GetInt64().ShouldBe(position);
            seen.AddRange(page.GetProperty("items").EnumerateArray()
                .Select(item => item.GetProperty("charge").GetString()));
            cursor = page.GetProperty("nextCursor") is { ValueKind: JsonValueKind.String } next ? $"&cursor={next}" : "";

            var late = Given.Id($"late {seen.Count}");
            await _side.Append([new(new StreamId.Usage(Given.InMarch.KeyOf(Given.Tenant, Given.Usd)), late, Given.Posted)]);
            await _side.Follow();
        }
        while (cursor.Length > 0);

        seen.ShouldBe(all);
        foreach (var path in new[] { "/api/v1/ledger/journal", "/api/v1/ledger/balances" })
        {
            var whole = await Get($"{path}?limit=100&knownAt={position}");
            var first = await Get($"{path}?limit=5&knownAt={position}");
            var second = await Get(
                $"{path}?limit=95&knownAt={position}&cursor={first.GetProperty("nextCursor").GetString()}");
            Items(first).Concat(Items(second)).ShouldBe(Items(whole));
        }
    }

    [Test]
    public async Task filters_choose()
    {
        var all = (await Get("/api/overages/ops/list?limit=100")).GetProperty("items").EnumerateArray().ToList();
        await Choose("meter=tokens", item => Text(item, "meter") == "tokens");
        await Choose("status=voided", item => Text(item, "status") == "voided");
        await Choose("status=billed", item => Text(item, "invoiceNumber") is not null && Text(item, "status") == "billed");
        await Choose($"tenant={Given.OtherTenant}", item => Text(item, "tenant") == Given.OtherTenant.ToString());
        await Choose("currency=XOF", item => Text(item, "amount")!.EndsWith("XOF", StringComparison.Ordinal));
        await Choose("minAmount=0.5", item => decimal.Parse(Text(item, "amount")!.Split(' ')[0],
            System.Globalization.CultureInfo.InvariantCulture) >= 0.5m);
        await Choose("period=2026-04", item => Text(item.GetProperty("booked"), "start")!
            .StartsWith("2026-04", StringComparison.Ordinal));
        await Choose("to=2026-03-14T12:00:00.25Z", item => false);

        async Task Choose(string filter, Func<JsonElement, bool> which) =>
            Items(await Get($"/api/overages/ops/list?limit=100&{filter}"))
                .ShouldBe(all.Where(which).Select(item => item.GetRawText()), filter);
    }

    [Test]
    public async Task a_charge_is_explained_from_its_usage_to_its_invoice()
    {
        var charge = Items(await Get("/api/overages/ops/list?limit=100&status=billed"))[0];
        var id = JsonDocument.Parse(charge).RootElement.GetProperty("charge").GetString();
        var tenant = JsonDocument.Parse(charge).RootElement.GetProperty("tenant").GetString();

        var told = await Get($"/api/v1/ledger/charges/{id}/explain");
        told.GetProperty("charge").GetRawText().ShouldBe(charge);
        told.GetProperty("trace").GetProperty("steps").GetArrayLength().ShouldBe(0);
        told.GetProperty("onInvoice").EnumerateArray().ShouldContain(line => Text(line, "what") == "invoice_issued");
        (await Get($"/api/v1/ledger/charges/{id}", tenant)).GetProperty("charge").GetRawText().ShouldBe(charge);

        var other = tenant == Given.Tenant.ToString() ? Given.OtherTenant : Given.Tenant;
        foreach (var path in new[] { $"/api/v1/ledger/charges/{id}", $"/api/v1/ledger/charges/{id}/explain" })
        {
            (await Status(path, Roles.Tenant, other.ToString())).ShouldBe(HttpStatusCode.NotFound);
            (await Status($"{path}?knownAt=0", Roles.Finance)).ShouldBe(HttpStatusCode.NotFound);
        }
    }

    [Test]
    public async Task a_statement_opens_moves_and_closes()
    {
        var path = $"/api/v1/ledger/statements?currency=USD&from=2026-03-01T00:00:00Z&to=2027-01-01T00:00:00Z";
        var whole = await Get($"{path}&limit=100", Given.Tenant.ToString());
        var first = await Get($"{path}&limit=2", Given.Tenant.ToString());
        whole.GetProperty("opening").GetString().ShouldBe("0 USD");
        first.GetProperty("closing").GetString().ShouldBe(whole.GetProperty("closing").GetString());
        var next = await Get(
            $"{path}&limit=98&cursor={first.GetProperty("nextCursor").GetString()}", Given.Tenant.ToString());
        first.GetProperty("movements").EnumerateArray().Concat(next.GetProperty("movements").EnumerateArray())
            .Select(item => item.GetRawText())
            .ShouldBe(whole.GetProperty("movements").EnumerateArray().Select(item => item.GetRawText()));
    }

    [Test]
    public async Task a_time_means_the_position_that_was_readable_then()
    {
        var now = await Get("/api/v1/ledger/trial-balance");
        var then = await Get($"/api/v1/ledger/trial-balance?knownAt={_side.Ledger.Time.GetUtcNow():O}"
            .Replace("+", "%2B", StringComparison.Ordinal));
        then.GetProperty("position").GetInt64().ShouldBeLessThanOrEqualTo(now.GetProperty("position").GetInt64());
        (await Get("/api/v1/ledger/trial-balance?knownAt=2020-01-01T00:00:00Z"))
            .GetProperty("position").GetInt64().ShouldBe(0);
        foreach (var currency in now.GetProperty("currencies").EnumerateArray())
            currency.GetProperty("isBalanced").GetBoolean().ShouldBeTrue();
    }

    [Test]
    public async Task trends_and_the_chart_and_health_answer()
    {
        var trends = await Get("/api/overages/merchant/trends?months=3", Given.Tenant.ToString());
        trends.GetProperty("trends").EnumerateArray().ShouldAllBe(trend =>
            trend.GetProperty("months").GetArrayLength() == 3);
        (await Get("/api/v1/ledger/accounts")).GetArrayLength().ShouldBe(13);
        var health = JsonDocument.Parse(await _service.Client.GetStringAsync("/api/overages/health")).RootElement;
        health.GetProperty("status").GetString().ShouldBe("healthy");
        health.GetProperty("position").GetInt64().ShouldBeGreaterThan(0);
    }

    [TestCase("/api/overages/ops/list?limit=0", "'limit' is a whole number from 1 to 100.")]
    [TestCase("/api/overages/ops/list?limit=101", "'limit' is a whole number from 1 to 100.")]
    [TestCase("/api/overages/ops/list?status=open", "'status' is one of pending, billed, voided, taken-back.")]
    [TestCase("/api/overages/ops/list?period=March", "'period' is a month, as 2026-03.")]
    [TestCase("/api/overages/ops/list?minAmount=1e3", "'minAmount' is a number, as 12.5.")]
    [TestCase("/api/overages/ops/list?from=2026-03-01", "'from' is a time with its offset, as 2026-03-14T12:00:00Z.")]
    [TestCase("/api/overages/ops/list?asOf=2026-03-01T00:00:00",
        "'asOf' is a time with its offset, as 2026-03-14T12:00:00Z.")]
    [TestCase("/api/overages/ops/list?knownAt=yesterday",
        "'knownAt' is a time with its offset, as 2026-03-14T12:00:00Z, or a position.")]
    [TestCase("/api/overages/ops/list?tenant=a/b", "'tenant' is not a TenantId.")]
    [TestCase("/api/overages/merchant/list", "Say which 'tenant'.")]
    [TestCase("/api/v1/ledger/journal?account=9999", "'account' is none of the chart of accounts.")]
    [TestCase("/api/v1/ledger/journal?cursor=abc", "'cursor' is not one that this list gave, with these filters.")]
    [TestCase("/api/overages/merchant/trends?tenant=t&months=1", "'months' is a whole number from 2 to 36.")]
    [TestCase("/api/v1/ledger/trial-balance?knownAt=2999-01-01T00:00:00Z", "'knownAt' is in the future.")]
    public async Task what_is_not_allowed_is_named(string path, string sentence)
    {
        using var answer = await _service.Get(path, Roles.Finance);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        problem.GetProperty("detail").GetString().ShouldBe(sentence);
        problem.GetProperty("type").GetString().ShouldBe(ProblemTypes.BadRequest.Urn);
    }

    private static List<string> Items(JsonElement page) =>
        [.. page.GetProperty("items").EnumerateArray().Select(item => item.GetRawText())];

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private async Task<JsonElement> Get(string path, string? tenant = null)
    {
        using var answer = await _service.Get(path, tenant is null ? Roles.Finance : Roles.Tenant, tenant);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text + _service.Errors);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<HttpStatusCode> Status(string path, string role, string? tenant = null)
    {
        using var answer = await _service.Get(path, role, tenant);
        return answer.StatusCode;
    }

    private async Task<long> As(string role, string? tenant, string sql)
    {
        await using var connection = await _side.Ledger.Test.Open(role);
        await using var command = new NpgsqlCommand(
            tenant is null ? sql : $"set billing.tenant = '{tenant}'; {sql}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
