using Billing.Ingestion.Retention;
using Billing.Ingestion.Usage;
using Billing.ServiceDefaults.Database;
using Billing.Testbed;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.Ingestion.Tests.Retention;

/// <summary>Three old months, 2031-01 to 2031-03, each with one event.</summary>
[Parallelizable(ParallelScope.Self)]
internal sealed class RemoveOriginalsTests
{
    private static readonly DateTimeOffset April = new(2031, 4, 1, 0, 0, 0, TimeSpan.Zero);

    private TestDatabase _database = null!;

    [OneTimeSetUp]
    public async Task Create() =>
        _database = await TestDatabase.Create("ingestion", typeof(AcceptUsage).Assembly);

    [OneTimeTearDown]
    public async Task Drop() => await _database.DisposeAsync();

    [SetUp]
    public async Task Fill()
    {
        await _database.Do(_database.Owner,
            """
            truncate usage_originals, usage_keys, usage_holds, waiting_facts, parked_facts, sent_facts,
                sent_lanes, relay_marks;
            delete from usage_sources where id <> 0;
            """);
        await Do(
            """
            select make_usage_partitions('2031-01-15Z');
            insert into usage_sources (id, name, first_seen_at) overriding system value
            values (1, '/shop', '2031-01-01Z');
            insert into usage_keys (source_id, id, digest, state, tenant_id, received_at)
            select 1, 'e' || m, gen_random_uuid(), 1, 'acme', make_timestamptz(2031, m, 15, 0, 0, 0, 'UTC')
            from generate_series(1, 3) m;
            insert into usage_originals (received_at, source_id, via, id, tenant_id, body)
            select received_at, 1, 1, id, tenant_id, '{}' from usage_keys;
            insert into sent_facts (topic, lane, number, fact_id, wire_name, key, body, sent_at)
            select 'u', 5, m, gen_random_uuid(), 'w', 'acme', '{}', make_timestamptz(2031, m, 15, 0, 0, 0, 'UTC')
            from generate_series(1, 3) m;
            insert into sent_lanes (topic, lane, last_number) values ('u', 5, 3);
            insert into relay_marks values ('u', 5, 3);
            """);
    }

    [Test]
    public async Task whole_months_before_the_moment_go_and_keys_stay()
    {
        await Remove(April.AddMonths(-1).AddDays(3));

        (await Left()).ShouldBe(["e3"]);
        (await _database.Ask<long>(_database.Staff, "select count(*) from usage_keys")).ShouldBe(3);
        (await _database.Ask<bool>(
            _database.Owner, "select to_regclass('usage_originals_2031_01') is null")).ShouldBeTrue();
        await Remove(April.AddMonths(-1));
        (await Left()).ShouldBe(["e3"]);
    }

    [TestCase("update relay_marks set acknowledged = 1", "e2 e3")]
    [TestCase("update relay_marks set acknowledged = 2", "e3")]
    [TestCase("insert into sent_facts (topic, lane, number, fact_id, wire_name, key, body, sent_at) values "
        + "('u', 6, 1, gen_random_uuid(), 'w', 'a', '{}', '2031-02-28Z'); "
        + "insert into sent_lanes (topic, lane, last_number) values ('u', 6, 1)", "e2 e3")]
    [TestCase("insert into waiting_facts (kind, tenant_id, judged_by, body, since) values "
        + "('k', 'acme', 1, '{}', '2031-02-03Z')", "e2 e3")]
    [TestCase("insert into parked_facts (topic, partition, key, body, headers, reason, parked_at) values "
        + "('u', 1, 'k', '{}', '{}', 'r', '2031-01-03Z')", "e1 e2 e3")]
    [TestCase("insert into usage_holds values ('verify', '2031-03-31Z', now())", "e3")]
    [TestCase("insert into usage_holds values ('verify', '2031-01-01Z', now())", "e1 e2 e3")]
    [TestCase("insert into usage_holds values ('verify', '2031-04-01Z', now())", "")]
    [TestCase("select 1", "")]
    public async Task what_somebody_needs_stays(string need, string left)
    {
        await Do(need);

        await Remove(April);

        string.Join(' ', await Left()).ShouldBe(left);
    }

    [Test]
    public async Task usage_goes_on_being_taken_meanwhile_or_the_removal_waits_for_another_time()
    {
        await using var busy = await _database.Open(_database.Writer);
        await using var transaction = await busy.BeginTransactionAsync();
        await using var insert = new Npgsql.NpgsqlCommand(
            "insert into usage_originals (received_at, source_id, via, id, tenant_id, body) "
            + "values ('2031-04-02Z', 1, 1, 'new', 'acme', '{}')", busy);
        await insert.ExecuteNonQueryAsync();

        (await Should.ThrowAsync<Npgsql.PostgresException>(() => Remove(April))).SqlState.ShouldBe("55P03");
        await transaction.CommitAsync();

        (await Left()).ShouldBe(["e1", "e2", "e3", "new"]);
        await Remove(April);
        (await Left()).ShouldBe(["new"]);
    }

    [Test]
    public async Task the_writer_itself_can_drop_nothing() =>
        await Should.ThrowAsync<Npgsql.PostgresException>(() => Do("drop table usage_originals_2031_01"));

    [TestCase("2031-05-31T23:59:59Z", 3, "2031-02-01T00:00:00Z")]
    [TestCase("2031-01-01T00:00:00Z", 1, "2030-12-01T00:00:00Z")]
    public void whole_months_are_counted_back(string now, int months, string before) =>
        RemoveOriginals.Before(DateTimeOffset.Parse(now), months).ShouldBe(DateTimeOffset.Parse(before));

    private async Task Remove(DateTimeOffset before)
    {
        await using var database = ServiceDatabase.Of(_database.Configuration, "ingestion");
        using var remove = new RemoveOriginals(
            database, 1, TimeProvider.System, NullLogger<RemoveOriginals>.Instance);
        await remove.Remove(before, default);
    }

    private Task Do(string sql) => _database.Do(_database.Writer, sql);

    private async Task<string[]> Left() => await _database.Ask<string[]>(
        _database.Owner, "select coalesce(array_agg(id order by id), '{}') from usage_originals");
}
