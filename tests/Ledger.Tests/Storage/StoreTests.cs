using System.Runtime.CompilerServices;
using System.Text;
using Billing.Ledger.Events;
using Billing.Ledger.Storage;
using Marten;
using Npgsql;

namespace Billing.Ledger.Tests;

/// <summary>Marten on the migrated tables, with the rights of the roles that run.</summary>
public class StoreTests
{
    private LedgerDatabase _ledger = null!;

    [OneTimeSetUp]
    public async Task Create() => _ledger = await LedgerDatabase.Create();

    [OneTimeTearDown]
    public async Task Drop() => await _ledger.DisposeAsync();

    [Test]
    public async Task the_migrated_tables_are_those_that_marten_would_make_but_for_the_foreign_key()
    {
        using var other = DocumentStore.For(options =>
        {
            LedgerStore.Configure(options, _ledger.Database.Writer, TimeProvider.System);
            options.DatabaseSchemaName = "by_marten";
        });
        await _ledger.Test.Do(_ledger.Test.Owner, other.Storage.ToDatabaseScript());

        (await Shape("by_marten")).ShouldBe(await Shape(LedgerStore.Schema));
    }

    [Test]
    public async Task every_event_comes_back_as_it_was_stored()
    {
        foreach (var stored in Samples.All)
        {
            var name = Given.Id($"stored {stored.GetType()}");
            await Append($"tenant-1/samples/{name}", name, stored);
            (await _ledger.Test.Ask<string>(
                _ledger.Test.Owner, $"select type from events.mt_events where id = '{name}'"))
                .ShouldBe(EventNames.Of(stored.GetType()));

            await using var reading = _ledger.Store.QuerySession();
            var read = (await reading.Events.LoadAsync(name)).ShouldNotBeNull();
            Encoding.UTF8.GetString(StoredJson.Write((LedgerEvent)read.Data))
                .ShouldBe(Encoding.UTF8.GetString(StoredJson.Write(stored)));
        }
    }

    [Test]
    public async Task the_enums_and_times_in_the_store_are_those_of_the_golden_files()
    {
        await Append("tenant-1/shape/1", Given.Id("shape"), Given.Posted);

        var stored = await _ledger.Test.Ask<string>(
            _ledger.Test.Owner, $"select data::text from events.mt_events where id = '{Given.Id("shape")}'");
        Text(StoredJson.Read(EventNames.ChargePosted, Encoding.UTF8.GetBytes(stored)))
            .ShouldBe(Text(Given.Posted));

        static string Text(LedgerEvent happened) => Encoding.UTF8.GetString(StoredJson.Write(happened));
    }

    [Test]
    public async Task an_older_shape_is_read_as_the_present_one()
    {
        var golden = await File.ReadAllTextAsync(
            Path.Combine(Golden(), "account_credited.old.json"));
        await _ledger.Test.Do(_ledger.Test.Writer, $"""
            insert into events.mt_streams (id, version) values ('tenant-1/credit/USD', 1);
            insert into events.mt_events (seq_id, id, stream_id, version, data, type, mt_dotnet_type)
            values (nextval('events.mt_events_sequence'), '{Given.Id("old")}', 'tenant-1/credit/USD', 1,
                '{golden.Trim()}', '{AccountCredited.StoredName}', null)
            """);

        await using var session = _ledger.Store.QuerySession();
        (await session.Events.FetchStreamAsync("tenant-1/credit/USD"))
            .ShouldHaveSingleItem().Data.ShouldBeOfType<CreditGranted>();
        Upcasts.All.Keys.ShouldBe([AccountCredited.StoredName]); // each has to be registered by its name
    }

    [Test]
    public async Task times_are_those_of_the_services_clock()
    {
        await Append("tenant-1/clock/1", Given.Id("clock"), Given.Posted);

        await using var session = _ledger.Store.QuerySession();
        (await session.Events.FetchStreamAsync("tenant-1/clock/1")).ShouldHaveSingleItem()
            .Timestamp.ShouldBe(Given.Now);
    }

    [TestCase("update events.mt_events set data = '{}'")]
    [TestCase("delete from events.mt_events")]
    [TestCase("truncate events.mt_events")]
    [TestCase("delete from events.mt_streams")]
    [TestCase("create table events.more (a int)")]
    [TestCase("drop table events.mt_events")]
    public async Task no_role_that_runs_may(string what)
    {
        foreach (var role in new[] { _ledger.Test.Writer, _ledger.Test.Reader, _ledger.Test.Staff })
            (await Should.ThrowAsync<PostgresException>(() => _ledger.Test.Do(role, "begin read write; " + what)))
                .SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [TestCase("events.mt_events")]
    [TestCase("events.mt_streams")]
    [TestCase("events.mt_event_progression")]
    [TestCase("events.mt_doc_deadletterevent")]
    public async Task readers_see_nothing_of(string table)
    {
        foreach (var role in new[] { _ledger.Test.Reader, _ledger.Test.Staff })
            (await Should.ThrowAsync<PostgresException>(
                () => _ledger.Test.Ask<long>(role, $"select count(*) from {table}")))
                .SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    private async Task Append(string stream, Guid id, LedgerEvent what)
    {
        await using var session = _ledger.Store.LightweightSession();
        var happened = session.Events.BuildEvent(what);
        happened.Id = id;
        session.Events.Append(stream, happened);
        await session.SaveChangesAsync();
    }

    private static string Golden([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(here)!)!, "Golden");

    private Task<string> Shape(string schema) => _ledger.Test.Ask<string>(_ledger.Test.Owner, $"""
        select string_agg(what, e'\n' order by what) from (
            select concat_ws(' ', table_name, column_name, udt_name, is_nullable,
                character_maximum_length, replace(column_default, '{schema}.', '')) as what
            from information_schema.columns where table_schema = '{schema}'
            union all
            select replace(indexdef, '{schema}.', '') from pg_indexes where schemaname = '{schema}'
            union all
            select concat_ws(' ', conname, contype::text, replace(pg_get_constraintdef(oid), '{schema}.', ''))
            from pg_constraint
            where connamespace = '{schema}'::regnamespace and conname <> 'fkey_mt_events_stream_id'
            union all
            select concat_ws(' ', relname, relkind::text) from pg_class where relnamespace = '{schema}'::regnamespace
        ) as parts
        """);
}
