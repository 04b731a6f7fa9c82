using Billing.Contracts;
using Billing.Testbed;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.Database;

[Parallelizable(ParallelScope.Self)]
public sealed class MigrationsTests
{
    private static readonly (string, string) first =
        ("0001-charges.sql", "create table charges (id text primary key)");

    [Test]
    public async Task A_service_without_migrations_gets_the_common_ones()
    {
        await using var database =
            await TestDatabase.Create(Resources.StripeSync, typeof(MigrationsTests).Assembly);

        (await database.Ask<long>(database.Writer, "select count(*) from billing_migrations"))
            .ShouldBe(Steps.With().Count);
        (await database.Ask<int>(database.Writer, "select lanes from installation")).ShouldBe(Lanes.Count);
    }

    [Test]
    public async Task The_database_is_unicode_and_sorts_by_bytes()
    {
        await using var database = await Steps.Applied();

        (await database.Ask<string>(database.Writer, "show server_encoding")).ShouldBe("UTF8");
        (await database.Ask<string>(
            database.Writer,
            "select string_agg(word, '' order by word) from unnest(array['a','B','_','ä','C']) word"))
            .ShouldBe("BC_aä");
    }

    [Test]
    public async Task An_empty_database_that_sorts_otherwise_is_made_again()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);
        await database.Do(
            await Servers.Postgres(),
            $"create database {database.Name} template template0 locale 'C.UTF-8' encoding 'UTF8'");

        await database.Run(first);

        (await database.Ask<string>(
            database.Writer,
            """
            select datcollate || ' ' || pg_get_userbyid(datdba)
            from pg_database where datname = current_database()
            """)).ShouldBe($"C {database.Name}_owner");
    }

    [Test]
    public async Task A_database_with_tables_of_somebody_else_is_refused()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);
        await database.Do(await Servers.Postgres(), $"create database {database.Name}");
        await database.Do(database.Admin, "create table theirs (id int)");

        (await database.IsRefused()).ShouldContain("holds tables that this product did not make");
    }

    [Test]
    public async Task Running_again_changes_nothing()
    {
        await using var database = await Steps.Applied(first);
        var before = await Applied(database);

        await database.Run(first);

        (await Applied(database)).ShouldBe(before);
    }

    [Test]
    public async Task Many_runs_at_once_apply_each_step_once()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);

        // A second application of this step would fail.
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => database.Run(first)));

        (await database.Ask<long>(database.Writer, "select count(*) from billing_migrations"))
            .ShouldBe(Steps.With(first).Count);
    }

    [Test]
    public async Task A_run_waits_for_another_longer_than_a_lock_may_be_waited_for()
    {
        await using var database = await Steps.Applied();
        await using var holder = await database.Open(database.Owner);
        await using var hold = new NpgsqlCommand(
            $"select pg_advisory_lock(hashtextextended('billing migrations of {database.Name}', 0))", holder);
        await hold.ExecuteNonQueryAsync();
        await database.Do(database.Admin, $"alter role {database.Name}_owner set lock_timeout = '50ms'");

        var run = database.Run(first);
        await Eventually.Is(async () => await database.Ask<long>(
            database.Admin,
            "select count(*) from pg_locks where locktype = 'advisory' and not granted and "
            + "database = (select oid from pg_database where datname = current_database())") == 1);
        run.IsCompleted.ShouldBeFalse();

        await holder.CloseAsync();
        await run;
    }

    [Test]
    public async Task A_changed_step_is_refused()
    {
        await using var database = await Steps.Applied(first);

        (await database.IsRefused(("0001-charges.sql", "create table charges (id int primary key)")))
            .ShouldStartWith("The migration 0001-charges.sql was changed after it had been applied: ");
    }

    [Test]
    public async Task A_step_that_this_version_does_not_know_is_refused()
    {
        await using var database = await Steps.Applied(first);

        (await database.IsRefused()).ShouldContain("0001-charges.sql, which this version does not know");
    }

    [Test]
    public async Task A_step_before_one_that_was_applied_is_refused()
    {
        await using var database = await Steps.Applied(("0002-b.sql", "select 1"));

        (await database.IsRefused(("0001-a.sql", "select 1"), ("0002-b.sql", "select 1")))
            .ShouldContain("0001-a.sql is new but comes before 0002-b.sql");
    }

    [Test]
    public void Two_steps_with_one_number_are_refused() =>
        Should.Throw<CannotStartException>(() => Steps.With(("0001-a.sql", ""), ("0001-b.sql", "")))
            .Message.ShouldBe("The migrations 0001-a.sql and 0001-b.sql have the same number.");

    [Test]
    public async Task A_failing_step_leaves_nothing_and_those_before_it_stay()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);

        (await database.IsRefused(first, ("0002-b.sql", "create table half (id int); select 1 / 0")))
            .ShouldBe("The migration 0002-b.sql failed: division by zero (22012).");

        (await database.Ask<bool>(database.Owner, "select to_regclass('half') is null")).ShouldBeTrue();
        (await database.Ask<bool>(database.Owner, "select to_regclass('charges') is null")).ShouldBeFalse();
        await database.Run(first, ("0002-b.sql", "create table half (id int)"));
    }

    [Test]
    public async Task Line_ends_do_not_change_a_step()
    {
        await using var database = await Steps.Applied(("0001-a.sql", "select\n1"));

        await database.Run(("0001-a.sql", "select\r\n1"));
    }

    [Test]
    public async Task A_user_that_may_make_databases_and_roles_is_enough()
    {
        await using var any = await TestDatabase.Prepare("helper");
        var server = await Servers.Postgres();
        var user = $"{any.Name}_maker";
        await any.Do(server, $"create role {user} login password 'secret' createdb createrole");
        var maker = As(server, user);
        await using (var database = await TestDatabase.Prepare(Resources.Ledger, maker))
        {
            await database.Run(first);
            await database.Run(first, ("0002-more.sql", "create table more (id int)"));

            (await database.Ask<bool>(database.Writer, "select to_regclass('more') is null")).ShouldBeFalse();
        }

        await any.Do(server, $"drop role {user}");
    }

    [Test]
    public async Task A_user_without_those_rights_is_told_which_it_lacks()
    {
        await using var database = await TestDatabase.Prepare("helper");
        var server = await Servers.Postgres();
        var user = $"{database.Name}_nobody";
        await database.Do(server, $"create role {user} login password 'secret'");
        var nobody = As(server, user);
        var unable = await TestDatabase.Prepare(Resources.Ledger, nobody);

        (await unable.IsRefused()).ShouldContain("needs CREATEDB and CREATEROLE");

        await database.Do(server, $"drop role {user}");
    }

    [TestCase("Password=wrong", "does not let the user 'billing_admin' in")]
    [TestCase("Port=1", "does not answer", Explicit = false)]
    [TestCase("Username=postgres_that_is_not", "does not let the user 'postgres_that_is_not' in")]
    public async Task A_wrong_connection_string_is_one_sentence(string wrong, string sentence)
    {
        if (Environment.GetEnvironmentVariable(Servers.GivenPostgres) is not null)
            Assert.Ignore("The given server may trust everybody.");

        var database = await TestDatabase.Prepare(Resources.Ledger, $"{await Servers.Postgres()};{wrong}");

        var message = await database.IsRefused();

        message.ShouldContain(sentence);
        message.ShouldNotContain("\n");
    }

    [Test]
    public async Task A_missing_connection_string_is_named()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);
        database.Configuration["ConnectionStrings:ledger-reader"] = null;

        (await database.IsRefused()).ShouldContain("ledger-reader");
    }

    [Test]
    public async Task A_name_that_would_need_quotes_is_refused()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);
        database.Configuration["ConnectionStrings:ledger-reader"] = As(database.Reader, "a\"; drop table x");

        (await database.IsRefused()).ShouldContain("small letters, digits and _");
    }

    [Test]
    public async Task A_role_that_may_do_anything_is_refused()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);
        await database.Do(await Servers.Postgres(), $"create role {database.Name}_reader bypassrls");

        (await database.IsRefused()).ShouldContain(
            $"'{database.Name}_reader' may do more than a service must");
    }

    private static string As(string server, string user) =>
        new NpgsqlConnectionStringBuilder(server) { Username = user, Password = "secret" }.ConnectionString;

    private static Task<string> Applied(TestDatabase database) => database.Ask<string>(
        database.Writer,
        "select string_agg(name || checksum || applied_at, ',' order by name) from billing_migrations");
}
