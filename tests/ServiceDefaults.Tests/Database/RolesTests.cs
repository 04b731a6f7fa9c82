using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Billing.Testbed;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.Database;

/// <summary>What each of the four roles must not be able to do, tried.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class RolesTests
{
    private const string Facts =
        """
        create table charges (id text primary key, tenant_id text not null);
        select billing_protect('charges');
        create table plans (id text primary key);
        select billing_share('plans');
        create table inner_state (id int);
        create sequence numbers;
        create function fence() returns int language sql as 'select 1';
        """;

    private TestDatabase _database = null!;
    private ServiceDatabase _roles = null!;

    [OneTimeSetUp]
    public async Task Make()
    {
        _database = await Steps.Applied(("0001-facts.sql", Facts));
        await _database.Do(
            _database.Writer,
            "insert into charges values ('1', 'a'), ('2', 'b'); insert into plans values ('p')");
        _roles = ServiceDatabase.Of(_database.Configuration, Resources.Ledger);
    }

    [OneTimeTearDown]
    public async Task Remove()
    {
        await _roles.DisposeAsync();
        await _database.DisposeAsync();
    }

    [TestCase("writer", "update charges set tenant_id = 'b'")]
    [TestCase("writer", "delete from charges")]
    [TestCase("writer", "truncate charges")]
    [TestCase("writer", "create table mine (id int)")]
    [TestCase("writer", "drop table charges")]
    [TestCase("writer", "alter table charges disable row level security")]
    [TestCase("writer", "update installation set lanes = 32")]
    [TestCase("writer", "delete from billing_migrations")]
    [TestCase("writer", "select billing_share('inner_state')")]
    [TestCase("reader", "insert into charges values ('3', 'a')")]
    [TestCase("reader", "delete from charges")]
    [TestCase("reader", "select * from inner_state")]
    [TestCase("reader", "select * from idempotency_keys")]
    [TestCase("reader", "create temporary table mine (id int)")]
    [TestCase("reader", "select fence()")]
    [TestCase("staff", "insert into charges values ('3', 'a')")]
    [TestCase("staff", "update plans set id = 'q'")]
    [TestCase("staff", "select * from inner_state")]
    [TestCase("staff", "create table mine (id int)")]
    public async Task A_role_may_not(string role, string sql)
    {
        await using var connection = await _database.Open(As(role));
        await using var allow = new NpgsqlCommand("set default_transaction_read_only = off", connection);
        await allow.ExecuteNonQueryAsync();
        await using var command = new NpgsqlCommand(sql, connection);

        var refused = await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [TestCase("reader")]
    [TestCase("staff")]
    public async Task A_session_for_questions_is_read_only_from_the_start(string role) =>
        (await _database.Ask<string>(As(role), "show default_transaction_read_only")).ShouldBe("on");

    [TestCase("writer", "5s", "30s", "5s")]
    [TestCase("reader", "2s", "10s", "5s")]
    [TestCase("staff", "2s", "1min", "5s")]
    [TestCase("owner", "30s", "0", "1min")]
    public async Task What_hangs_loses_its_locks(string role, string locks, string statement, string idle) =>
        (await _database.Ask<string>(
            As(role),
            """
            select concat_ws(' ', current_setting('lock_timeout'), current_setting('statement_timeout'),
                current_setting('idle_in_transaction_session_timeout'))
            """)).ShouldBe($"{locks} {statement} {idle}");

    [TestCase("writer")]
    [TestCase("reader")]
    [TestCase("staff")]
    public async Task No_other_service_may_connect(string role)
    {
        await using var other = await TestDatabase.Create(Resources.Pricing, typeof(RolesTests).Assembly);
        var there = new NpgsqlConnectionStringBuilder(As(role)) { Database = other.Name }.ConnectionString;

        var refused = await Should.ThrowAsync<PostgresException>(() => _database.Open(there));

        refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Test]
    public async Task A_reader_without_a_tenant_sees_nothing() =>
        (await _database.Ask<long>(_database.Reader, "select count(*) from charges")).ShouldBe(0);

    [Test]
    public async Task An_empty_tenant_sees_nothing()
    {
        await _database.Do(_database.Writer, "insert into charges values ('nobody', '')");

        (await _database.Ask<long>(
            _database.Reader,
            "select count(*) from charges, (select set_config('billing.tenant', '', false)) as name"))
            .ShouldBe(0);
    }

    [TestCase("a", "1")]
    [TestCase("b", "2")]
    [TestCase("c", "")]
    [TestCase("a' or '1' = '1", "")]
    public async Task A_tenant_sees_its_own_rows_and_no_other(string tenant, string ids) =>
        (await SeenBy(tenant)).ShouldBe(ids);

    [Test]
    public async Task A_tenant_is_gone_when_its_connection_is_used_again()
    {
        // One connection, so that the next use is certain to be of the same one.
        var settings = new NpgsqlConnectionStringBuilder(_database.Reader) { MaxPoolSize = 1 };
        await using var pool = NpgsqlDataSource.Create(settings);
        var process = 0;
        for (var use = 0; use < 3; use++)
        {
            await using var connection = await pool.OpenConnectionAsync();
            if (use > 0) connection.ProcessID.ShouldBe(process);
            process = connection.ProcessID;

            (await Count(connection)).ShouldBe(0);
            await using (var transaction = await connection.BeginTransactionAsync())
            {
                await using var name =
                    new NpgsqlCommand("select set_config('billing.tenant', 'a', true)", connection);
                await name.ExecuteNonQueryAsync();
                (await Count(connection)).ShouldBe(1);
                if (use % 2 == 0) await transaction.CommitAsync();
            }

            (await Count(connection)).ShouldBe(0);
        }

        static async Task<long> Count(NpgsqlConnection connection)
        {
            await using var count = new NpgsqlCommand("select count(*) from charges", connection);
            return (long)(await count.ExecuteScalarAsync())!;
        }
    }

    [Test]
    public async Task Tenants_at_once_on_one_pool_never_see_each_other()
    {
        string[] tenants = ["a", "b", "c"];
        var expected = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2", ["c"] = "" };

        await Task.WhenAll(Enumerable.Range(0, TestSize.Of(200, 5_000)).Select(async number =>
        {
            var tenant = tenants[number % tenants.Length];
            if (number % 7 == 0)
                await Should.ThrowAsync<InvalidOperationException>(() => _roles.AsTenant<int>(
                    tenant, (_, _) => throw new InvalidOperationException("in the middle")));
            (await SeenBy(tenant)).ShouldBe(expected[tenant]);
        }));
    }

    [Test]
    public async Task Staff_sees_all_tenants() =>
        (await _roles.AsStaff((connection, _) => Ids(connection))).ShouldStartWith("12");

    [Test]
    public async Task What_is_shared_every_tenant_sees() =>
        (await _database.Ask<long>(_database.Reader, "select count(*) from plans")).ShouldBe(1);

    [Test]
    public Task A_tenant_must_be_named() =>
        Should.ThrowAsync<ArgumentException>(() => _roles.AsTenant(" ", (connection, _) => Ids(connection)));

    [TestCase("grant select on inner_state to {reader}", "public.inner_state")]
    [TestCase("create view peek as select * from charges; grant select on peek to {reader}", "public.peek")]
    [TestCase("create materialized view kept as select 1; grant select on kept to {staff}", "public.kept")]
    [TestCase("alter table charges no force row level security", "public.charges")]
    [TestCase("grant select (id) on inner_state to {staff}", "public.inner_state")]
    public async Task What_a_migration_leaves_open_is_refused(string hole, string where)
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);

        (await database.IsRefused(("0001-facts.sql", Facts), ("0002-hole.sql", hole)))
            .ShouldContain($"{where} is open to {database.Name}_");
    }

    [Test]
    public async Task A_view_that_asks_as_its_user_is_fine()
    {
        await using var database = await Steps.Applied(
            ("0001-facts.sql", Facts),
            ("0002-view.sql",
                """
                create view seen with (security_invoker = true) as select * from charges;
                grant select on seen to {reader}
                """));

        (await database.Ask<long>(database.Reader, "select count(*) from seen")).ShouldBe(0);
    }

    [Test]
    public async Task A_grant_lets_the_writer_change_what_is_no_fact()
    {
        await using var database = await Steps.Applied(
            ("0001-state.sql", "create table state (id int); grant update, delete on state to {writer}"));

        await database.Do(
            database.Writer, "insert into state values (1); update state set id = 2; delete from state");
    }

    [Test]
    public async Task No_password_reaches_the_server_in_clear()
    {
        var kept = await _database.Ask<string>(
            _database.Admin, $"select rolpassword from pg_authid where rolname = '{_database.Name}_writer'");

        kept.ShouldStartWith("SCRAM-SHA-256$4096:");
    }

    private string As(string role) => role switch
    {
        DatabaseRoles.Owner => _database.Owner,
        DatabaseRoles.Writer => _database.Writer,
        DatabaseRoles.Reader => _database.Reader,
        _ => _database.Staff,
    };

    private Task<string> SeenBy(string tenant) => _roles.AsTenant(tenant, (connection, _) => Ids(connection));

    private static async Task<string> Ids(NpgsqlConnection connection)
    {
        await using var select = new NpgsqlCommand(
            "select coalesce(string_agg(id, '' order by id), '') from charges", connection);

        return (string)(await select.ExecuteScalarAsync())!;
    }
}
