using System.Security.Cryptography;
using Billing.Testbed;
using JasperFx;
using Marten;
using Marten.Exceptions;
using Npgsql;

namespace Billing.StandIns.Tests.Marten;

public class SchemaTests
{
    [Test]
    public async Task the_tables_are_those_of_the_real_package()
    {
        using var store = Stores.New(options =>
        {
            options.Events.MetadataConfig.EnableAll();
            options.Schema.For<Counter>().DocumentAlias("counted");
        });
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();

        (await Columns(store, "mt_events")).ShouldBe(
            "bdata bytea, causation_id varchar, correlation_id varchar, data jsonb!, headers jsonb, id uuid!,"
            + " is_archived bool, mt_dotnet_type varchar, seq_id int8!, stream_id varchar, tenant_id varchar,"
            + " timestamp timestamptz!, type varchar!, user_name varchar, version int8!");
        (await Columns(store, "mt_streams")).ShouldBe(
            "created timestamptz!, id varchar!, is_archived bool, tenant_id varchar, timestamp timestamptz!,"
            + " type varchar, version int8");
        (await Columns(store, "mt_event_progression")).ShouldBe(
            "last_seq_id int8, last_updated timestamptz, name varchar!");
        (await Columns(store, "mt_doc_counted")).ShouldBe(
            "data jsonb!, id varchar!, mt_dotnet_type varchar, mt_last_modified timestamptz,"
            + " mt_version uuid!");
        (await Stores.Ask<string>(
            "select string_agg(pg_get_indexdef(indexrelid), '|' order by indexrelid) from pg_index"
            + $" where indrelid = '{store.Schema()}.mt_events'::regclass and indisunique")).ShouldBe(
            $"CREATE UNIQUE INDEX pkey_mt_events_seq_id ON {store.Schema()}.mt_events USING btree (seq_id)|"
            + "CREATE UNIQUE INDEX pk_mt_events_stream_and_version"
            + $" ON {store.Schema()}.mt_events USING btree (stream_id, version)|"
            + $"CREATE UNIQUE INDEX idx_mt_events_event_id ON {store.Schema()}.mt_events USING btree (id)");
    }

    [Test]
    public async Task the_script_makes_the_same_and_may_run_twice()
    {
        using var store = Stores.New(options => options.AutoCreateSchemaObjects = AutoCreate.None);
        await Should.ThrowAsync<MartenCommandException>(() => store.Append("s", new Counted(1)));
        await Stores.Do(store.Storage.ToDatabaseScript());
        await Stores.Do(store.Storage.ToDatabaseScript());

        await store.Append("s", new Counted(1));
        (await store.Events("s")).Count.ShouldBe(1);
    }

    [Test]
    public async Task several_processes_may_make_the_tables_at_once_while_one_writes()
    {
        var schema = Stores.NewSchema();
        var stores = Enumerable.Range(0, 8).Select(_ => Stores.New(schema: schema)).ToList();
        await Task.WhenAll(stores.Select(store => store.Append("s", new Counted(1))));
        (await stores[0].Events("s")).Count.ShouldBe(8);

        await using var open = await Writer.Begin(stores[0]);
        await open.Insert("open", 1);
        using var late = Stores.New(schema: schema);
        await late.Append("late", new Counted(1));
        using var more = Stores.New(options => options.RegisterDocumentType<Counter>(), schema);
        await more.Append("late", new Counted(1));
        stores.ForEach(store => store.Dispose());
    }

    [Test]
    public async Task a_role_that_may_only_select_and_insert_events_can_do_all_of_a_writer_s_work()
    {
        using var owner = Stores.New(options => options.RegisterDocumentType<Counter>());
        await owner.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        var (role, schema) = ($"writer_{RandomNumberGenerator.GetHexString(8, lowercase: true)}",
            owner.Schema());
        await Stores.Do($"create role {role} login password 'p';"
            + $"grant usage on schema {schema} to {role};"
            + $"grant select, insert on {schema}.mt_events to {role};"
            + $"grant select, insert, update on {schema}.mt_streams, {schema}.mt_event_progression,"
            + $" {schema}.mt_doc_counter, {schema}.mt_doc_deadletterevent to {role};"
            + $"grant usage, select on {schema}.mt_events_sequence to {role}");
        var admin = new NpgsqlConnectionStringBuilder(Stores.Source.ConnectionString);
        var login = new NpgsqlConnectionStringBuilder
        {
            Host = admin.Host,
            Port = admin.Port,
            Database = admin.Database,
            Username = role,
            Password = "p",
            Pooling = false,
        };
        using (var store = Stores.New(
            options =>
            {
                options.Connection(login.ConnectionString);
                options.AutoCreateSchemaObjects = AutoCreate.None;
                options.Projections.Snapshot<Counter>(JasperFx.Events.Projections.SnapshotLifecycle.Async);
            },
            schema))
        {
            await store.Append("s", new Counted(1), new Counted(2));
            using var daemon = await store.BuildProjectionDaemonAsync();
            await daemon.StartAllAsync();
            await daemon.WaitForNonStaleData(Eventually.Patience);
            await using var session = store.QuerySession();
            (await session.LoadAsync<Counter>("s"))!.Total.ShouldBe(3);
        }

        await Stores.Do($"drop owned by {role}; drop role {role}");
    }

    [Test]
    public async Task events_that_another_program_wrote_are_read_and_continued()
    {
        using var store = Stores.New();
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        await Stores.Do($$"""
            insert into {{store.Schema()}}.mt_streams (id, type, version, tenant_id)
            values ('foreign', null, 2, '*DEFAULT*');
            insert into {{store.Schema()}}.mt_events (seq_id, id, stream_id, version, data, type, timestamp,
                tenant_id, mt_dotnet_type, is_archived)
            select nextval('{{store.Schema()}}.mt_events_sequence'), gen_random_uuid(), 'foreign', n,
                '{"Amount": 5}', 'counted', now(), '*DEFAULT*', 'Elsewhere.Counted, Elsewhere', false
            from generate_series(1, 2) n
            """);

        (await store.Append("foreign", new Counted(6))).Version.ShouldBe(3);
        (await store.Events("foreign")).Select(e => ((Counted)e.Data).Amount).ShouldBe([5, 5, 6]);
    }

    private static Task<string> Columns(DocumentStore store, string table) => Stores.Ask<string>(
        "select string_agg(column_name || ' ' || udt_name || case is_nullable when 'NO' then '!' else '' end,"
        + $" ', ' order by column_name) from information_schema.columns where table_name = '{table}'"
        + $" and table_schema = '{store.Schema()}'");
}
