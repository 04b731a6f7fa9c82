using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Prices;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Pricing.Tests.Catalog;

public sealed class ChangeCatalogTests
{
    private CatalogBench _bench = null!;

    [OneTimeSetUp]
    public async Task Create() => _bench = await CatalogBench.Create();

    [SetUp]
    public Task Empty() => _bench.Empty();

    [OneTimeTearDown]
    public async Task Dispose() => await _bench.DisposeAsync();

    [Test]
    public async Task A_change_is_stored_and_sent_under_the_same_number_and_known_at_once()
    {
        await _bench.Apply(CatalogBench.Tenant("acme"), CatalogBench.Meter("calls"));
        var done = await _bench.Apply(CatalogBench.Plan("basic"));

        done.Facts.ShouldHaveSingleItem().Number.ShouldBe(3);
        var sent = await _bench.Sent();
        sent.Select(fact => (fact.Number, fact.Key)).ShouldBe([(1, "acme"), (2, "calls"), (3, "basic")]);
        sent[0].Fact.ShouldBe(new TenantSetV1(
            TenantId.Of("acme"), "Acme", "FR", new("ada", CatalogBench.Now, "a test")));
        var read = await _bench.Read(new StoredCatalog());
        read.Number.ShouldBe(3);
        read.State.Plans.Keys.ShouldBe([PlanId.Of("basic")]);
        (await _bench.Test.Ask<string>(_bench.Test.Owner,
            "select concat_ws(' ', key, tenant_id, actor, reason) from catalog_facts where number = 1"))
            .ShouldBe("acme acme ada a test");
    }

    [Test]
    public async Task Changes_of_many_processes_at_once_are_decided_one_after_another_without_a_gap()
    {
        await _bench.Apply(CatalogBench.Meter("calls"));
        ChangeCatalog[] processes = [_bench.Another(), _bench.Another(), _bench.Another()];

        // Each would be the first version of its own plan or the next of a shared one: decided on an older
        // state, two of them would have one version number.
        var changes = Enumerable.Range(0, 30).Select(at => processes[at % 3].Apply(
            CatalogBench.Plan($"plan-{at % 2}", $"version {at}"), default));
        var done = (await Task.WhenAll(changes)).Cast<CatalogChange.Done>().ToList();

        done.SelectMany(change => change.Facts).Select(fact => fact.Number).Order()
            .ShouldBe(Enumerable.Range(2, 30).Select(number => (long)number));
        (await _bench.Sent()).Select(fact => fact.Number)
            .ShouldBe(Enumerable.Range(1, 31).Select(number => (long)number));
        foreach (var plan in (await _bench.Read(new StoredCatalog())).State.Plans.Values)
            plan.Versions.Select(version => version.Version).ShouldBe(Enumerable.Range(1, 15));
    }

    [Test]
    public async Task The_same_change_again_is_answered_with_what_came_of_it()
    {
        await _bench.Apply(CatalogBench.Meter("calls"));
        var wish = CatalogBench.Price("list", "calls", "0.01 USD");
        var first = await _bench.Apply(wish);
        _bench.Time.Advance(TimeSpan.FromDays(2)); // the wish says "from now on", which has become another

        var again = (await _bench.Another().Apply(wish, default)).ShouldBeOfType<CatalogChange.Done>();

        again.IsRepeated.ShouldBeTrue();
        again.Facts.ShouldHaveSingleItem().Id.ShouldBe(first.Facts[0].Id);
        (await _bench.Sent()).Count.ShouldBe(2);
        var both = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            _bench.Another().Apply(CatalogBench.Price("list", "calls", "0.02 USD"), default)));
        both.Cast<CatalogChange.Done>().Count(change => !change.IsRepeated).ShouldBe(1);
        (await _bench.Sent()).Count.ShouldBe(3);
    }

    [TestCase(Step.FactsNumbered, 0)]
    [TestCase(Step.Committed, 1)]
    public async Task A_process_that_dies_in_between_has_done_all_of_it_or_nothing(Step step, int done)
    {
        await _bench.Apply(CatalogBench.Tenant("acme"), CatalogBench.Meter("calls"));
        var wish = CatalogBench.Price("list", "calls", "0.01 EUR");

        await Should.ThrowAsync<Died>(() => _bench.Another(new DiesAt(step)).Apply(wish, default));

        (await _bench.Sent()).Count.ShouldBe(2 + done);
        (await _bench.Left()).Count.ShouldBe(done);
        var again = await _bench.Apply(wish);
        again.IsRepeated.ShouldBe(done == 1);
        again.Facts.ShouldHaveSingleItem().Number.ShouldBe(3);
        (await _bench.Sent()).Count.ShouldBe(3);
        (await _bench.Left()).Count.ShouldBe(1);
    }

    [Test]
    public async Task A_refusal_and_a_preview_leave_nothing_behind()
    {
        var refused = await _bench.Change.Apply(CatalogBench.Price("list", "calls", "0.01 USD"), default);
        refused.ShouldBeOfType<CatalogChange.Refused>().Refusals
            .ShouldHaveSingleItem().Type.ShouldBe("unknown-meter");

        var preview = await _bench.Change.Preview(CatalogBench.Meter("calls"), default);
        preview.ShouldBeOfType<CatalogChange.Done>().Facts.Count.ShouldBe(1);
        (await _bench.Sent()).ShouldBeEmpty();
        (await _bench.Read(_bench.Stored)).ShouldBe(KnownCatalog.Nothing);
    }

    [Test]
    public async Task Another_process_sees_what_is_committed_and_nothing_else()
    {
        var other = new StoredCatalog();
        await _bench.Apply(CatalogBench.Meter("calls"));
        (await _bench.Read(other)).Number.ShouldBe(1);
        await _bench.Apply(CatalogBench.Meter("tokens"), CatalogBench.Meter("seats"));

        var read = await _bench.Read(other);

        read.Number.ShouldBe(3);
        read.State.Meters.Count.ShouldBe(3);
        (await _bench.Read(other)).ShouldBeSameAs(read);
    }

    [Test]
    public async Task While_a_lane_is_rated_in_a_change_that_fences_it_waits()
    {
        await _bench.Apply(CatalogBench.Tenant("acme"));
        var tenant = TenantId.Of("acme");
        await using var rating = await _bench.Database.Writer.OpenConnectionAsync();
        await using var batch = await rating.BeginTransactionAsync();
        await Run(rating, $"select take_over_lanes('{Topics.Usage}', array[{Lanes.Of(tenant)}])");

        var wish = CatalogBench.Tenant("acme", "DE") with { Lane = tenant };
        var change = _bench.Change.Apply(wish, default);
        var open = await _bench.Change.Apply(CatalogBench.Meter("calls"), default); // fences no lane
        change.IsCompleted.ShouldBeFalse();
        open.ShouldBeOfType<CatalogChange.Done>();
        await batch.CommitAsync();

        (await change).ShouldBeOfType<CatalogChange.Done>().Facts.ShouldHaveSingleItem().Number.ShouldBe(3);
    }

    [Test]
    public async Task Fact_and_published_number_cannot_part()
    {
        await _bench.Apply(CatalogBench.Meter("calls"));

        var refused = await Should.ThrowAsync<PostgresException>(() => _bench.Test.Do(
            _bench.Test.Writer,
            """
            insert into catalog_facts (number, fact_id, change_id, wire_name, key, body, actor, reason, at)
            values (2, gen_random_uuid(), gen_random_uuid(), 'x', 'x', '', 'a', 'r', now())
            """));

        refused.MessageText.ShouldContain("was not sent under its number");
        await Should.ThrowAsync<PostgresException>(() => _bench.Test.Do(
            _bench.Test.Writer, "update catalog_facts set reason = 'another'"));
        await Should.ThrowAsync<PostgresException>(() => _bench.Test.Do(
            _bench.Test.Writer, "delete from catalog_facts"));
    }

    [Test]
    public async Task A_reader_sees_what_is_for_all_and_what_is_for_its_tenant()
    {
        await _bench.Apply(
            CatalogBench.Tenant("acme"), CatalogBench.Tenant("globex"), CatalogBench.Meter("calls"),
            CatalogBench.Price("acme-special", "calls", "0.02 USD", tenant: "acme"));
        await _bench.Apply(CatalogWish.Of(CatalogBench.Id("retire"), (state, now) => RetirePrice.Decide(
            new(PriceRuleId.Of("acme-special"), now, CatalogBench.Ada), state, now)));

        const string Keys = "select string_agg(key, ' ' order by number) from catalog_facts";
        (await _bench.Test.Ask<string>(_bench.Test.Reader, Keys)).ShouldBe("calls");
        (await _bench.Test.Ask<string>(_bench.Test.Reader, $"set billing.tenant = 'acme'; {Keys}"))
            .ShouldBe("acme calls acme-special acme-special");
        (await _bench.Test.Ask<string>(_bench.Test.Reader, $"set billing.tenant = 'globex'; {Keys}"))
            .ShouldBe("globex calls");
    }

    private static async Task Run(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class Died : Exception;

    private sealed class DiesAt(Step step) : IStepWatch
    {
        public void Reached(Step reached, string topic)
        {
            if (reached == step) throw new Died();
        }
    }
}
