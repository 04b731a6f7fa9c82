using System.Net;
using System.Text.Json;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Tests.Projections;
using Billing.ServiceDefaults;

namespace Billing.Ledger.Tests.Queries;

/// <summary>A tenant's grants of credit: what became of each adds up to what its account stands at.</summary>
public class ListCreditTests
{
    private const string Route = "/api/v1/ledger/credit";

    private ReadSide _side = null!;
    private QuestionService _service = null!;

    [OneTimeSetUp]
    public async Task Create()
    {
        _side = await ReadSide.Create();
        var log = Enumerable.Range(1, 200).Select(seed => ReadSide.History(seed, 300).Books.Log).First(one =>
            one.Any(append => append.Event is CreditApplied) && one.Any(append => append.Event is CreditExpired));
        foreach (var part in log.Chunk(50)) await _side.Append(part);
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
    public async Task what_is_left_of_all_grants_is_the_balance_at_every_position()
    {
        var last = await _side.Last();
        var all = new List<JsonElement>();
        foreach (var position in new[] { last / 4, last / 2, last * 3 / 4, last })
            foreach (var tenant in new[] { Given.Tenant, Given.OtherTenant })
            {
                var grants = Grants(await Get($"?limit=100&tenant={tenant}&knownAt={ReadSide.Text(position)}"));
                foreach (var grant in grants)
                    (Of(grant, "granted") - Of(grant, "applied") - Of(grant, "ended")).ShouldBe(Of(grant, "left"));
                var balances = await Balances(tenant, position);
                foreach (var currency in new[] { Given.Usd, Given.Xof })
                    Amount.Sum(grants.Select(grant => Of(grant, "left")).Where(left => left.Currency == currency), currency)
                        .ShouldBe(-balances.GetValueOrDefault(currency, Amount.Zero(currency)));
                all.AddRange(grants);
            }

        all.ShouldContain(grant => !Of(grant, "applied").IsZero);
        all.ShouldContain(grant => !Of(grant, "ended").IsZero);
        all.ShouldContain(grant => !Of(grant, "left").IsZero);
    }

    [Test]
    public async Task only_those_with_something_left_and_time_are_usable()
    {
        var all = Grants(await Get($"?limit=100&tenant={Given.Tenant}"));
        foreach (var asOf in all.Select(grant => grant.Moment("expiresAt")).OfType<DateTimeOffset>().Take(3))
        {
            var then = Grants(await Get($"?limit=100&tenant={Given.Tenant}&asOf={Z(asOf)}"));
            var usable = Grants(await Get($"?limit=100&tenant={Given.Tenant}&usable=true&asOf={Z(asOf)}"));
            usable.Select(Id).ShouldBe(then
                .Where(grant => !Of(grant, "left").IsZero && !(grant.Moment("expiresAt") <= asOf)).Select(Id));
        }
    }

    [Test]
    public async Task pages_and_currencies_choose()
    {
        var all = Grants(await Get($"?limit=100&tenant={Given.Tenant}"));
        all.Count.ShouldBeGreaterThan(2);
        var first = await Get($"?limit=1&tenant={Given.Tenant}");
        var next = await Get($"?limit=99&tenant={Given.Tenant}&cursor={first.GetProperty("nextCursor").GetString()}");
        Grants(first).Concat(Grants(next)).Select(Id).ShouldBe(all.Select(Id));
        Grants(await Get($"?limit=100&tenant={Given.Tenant}&currency=USD")).Select(Id)
            .ShouldBe(all.Where(grant => Of(grant, "granted").Currency == Given.Usd).Select(Id));
    }

    [Test]
    public async Task a_tenant_sees_its_own_and_staff_says_whose()
    {
        using var own = await _service.Get(Route, Roles.Tenant, Given.OtherTenant.ToString());
        using var others = await _service.Get(
            $"{Route}?tenant={Given.Tenant}", Roles.Tenant, Given.OtherTenant.ToString());
        using var nobodys = await _service.Get(Route, Roles.Finance);
        using var producers = await _service.Get(Route, Roles.Producer);

        own.StatusCode.ShouldBe(HttpStatusCode.OK, _service.Errors);
        Grants(JsonDocument.Parse(await own.Content.ReadAsStringAsync()).RootElement)
            .ShouldAllBe(grant => grant.GetProperty("tenant").GetString() == Given.OtherTenant.ToString());
        others.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        nobodys.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await nobodys.Content.ReadAsStringAsync()).ShouldContain("Say which 'tenant'.");
        producers.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private static List<JsonElement> Grants(JsonElement page) => [.. page.GetProperty("items").EnumerateArray()];

    private static Guid Id(JsonElement grant) => grant.GetProperty("grant").GetGuid();

    private static Amount Of(JsonElement grant, string name) =>
        Contracts.Values.Text.Read<Amount>(grant.GetProperty(name).GetString()!);

    private static string Z(DateTimeOffset moment) => $"{moment.UtcDateTime:O}";

    private async Task<Dictionary<Currency, Amount>> Balances(TenantId tenant, long position)
    {
        using var answer = await _service.Get(
            $"/api/v1/ledger/balances?limit=100&tenant={tenant}&account=customer-credit&knownAt={ReadSide.Text(position)}",
            Roles.Finance);
        var page = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return page.GetProperty("items").EnumerateArray().Select(row => Of(row, "balance"))
            .ToDictionary(balance => balance.Currency);
    }

    private async Task<JsonElement> Get(string query)
    {
        using var answer = await _service.Get(Route + query, Roles.Finance);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text + _service.Errors);
        return JsonDocument.Parse(text).RootElement;
    }
}

file static class Moments
{
    public static DateTimeOffset? Moment(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetDateTimeOffset()
            : null;
}
